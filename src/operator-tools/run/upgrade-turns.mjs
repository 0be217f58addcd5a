import { ToolError, asError } from "./tool-error.mjs";

/** @import { ToolOutput } from "./output.mjs" */

/**
 * Whose turn it is to be changed in place.
 * @typedef {object} Turn
 * @property {string} node
 * @property {string} group Nodes that take turns with each other: a pool, or all servers.
 * @property {number} atOnce How many of them may be changed at the same time.
 * @property {string} kind Groups that go through the same change, one after the other: until it went well on one node of them all, it is on no second one.
 */

/**
 * Nodes of one run that are changed in place a few at a time, and none any more once one has failed: a release that one node cannot start is
 * the same for the next. All links of a run share one process (src/remote/host-link.ts), so memory is enough to keep them in order.
 */
export class UpgradeTurns {
  /** @type {Map<string, Set<string>>} */
  #running = new Map();
  /** @type {Map<string, { trial: string | undefined; wentWell: boolean; groups: Set<Set<string>> }>} */
  #kinds = new Map();
  /** @type {{ node: string; fault: string } | undefined} */
  #failed;
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {Promise<ReadonlySet<string>> | undefined} */
  #unready;

  /**
   * Nodes that were not Ready when this was first asked: they are away already, so nobody waits for a turn behind them, nor they behind others.
   * @param {() => Promise<ReadonlySet<string>>} look
   * @returns {Promise<ReadonlySet<string>>}
   */
  unready(look) {
    return (this.#unready ??= look());
  }

  /**
   * Does the work when it is the node's turn. Throws without having done it where another node of the run has failed.
   * @template T
   * @param {Turn} turn
   * @param {ToolOutput} out
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async take({ node, group, atOnce, kind: name }, out, work) {
    const running = this.#running.get(group) ?? new Set();
    this.#running.set(group, running);
    const kind = this.#kinds.get(name) ?? { trial: undefined, wentWell: false, groups: new Set() };
    this.#kinds.set(name, kind);
    kind.groups.add(running);
    /** @type {() => readonly string[]} */
    const before = () => {
      if (running.size >= atOnce) return [...running];
      const others = [...kind.groups].filter((one) => one !== running).flatMap((one) => [...one]);
      return others.length === 0 && kind.trial !== undefined && !kind.wentWell ? [kind.trial] : others;
    };
    let hasTold = false;
    while (this.#failed === undefined && before().length > 0) {
      if (!hasTold) out.say(`${node}: waits for its turn behind ${before().join(", ")}`);
      hasTold = true;
      await new Promise((resolve) => this.#waiting.add(() => resolve(undefined)));
    }
    if (this.#failed !== undefined) throw new ToolError(describeStop(node, this.#failed));
    running.add(node);
    kind.trial ??= node;
    try {
      const done = await work();
      kind.wentWell = true;
      return done;
    } catch (error) {
      this.#failed ??= { node, fault: asError(error).message };
      throw error;
    } finally {
      running.delete(node);
      this.#wake();
    }
  }

  #wake() {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }
}

/** @type {(node: string, failed: { node: string; fault: string }) => string} */
function describeStop(node, failed) {
  return `${node}: left as it is, because ${failed.node} failed and the change of the others stopped there; cure ${failed.node}, then run pulumi up again`;
}

/** Those of this process. */
export const sharedTurns = new UpgradeTurns();
