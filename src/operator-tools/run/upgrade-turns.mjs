import { ToolError, asError } from "./tool-error.mjs";

/** @import { ToolOutput } from "./output.mjs" */

/**
 * Whose turn it is to be changed in place.
 * @typedef {object} Turn
 * @property {string} node
 * @property {string} group Nodes that take turns with each other: a pool, or all servers.
 * @property {number} [isLastOf] The node goes after all others of its group, of which there may be so many in this run. Default: as it comes.
 * @property {number} atOnce How many of them may be changed at the same time.
 * @property {string} kind Groups that go through the same change, one after the other: until it went well on one node of them all, it is on no second one.
 */

/**
 * Nodes of one run that are changed in place a few at a time, and none any more once one has failed: a release that one node cannot start is
 * the same for the next. All links of a run share one process (src/remote/host-link.ts), so memory is enough to keep them in order.
 */
export class UpgradeTurns {
  /** @param {{ readonly patienceMs?: number }} [limits] `patienceMs`: how long one that goes last waits for others to come at all. */
  constructor({ patienceMs = 20_000 } = {}) {
    this.#patienceMs = patienceMs;
  }

  #patienceMs;
  /** Nodes of a group that came for their turn, and whether they had it. @type {Map<string, Map<string, boolean>>} */
  #comers = new Map();
  /** @type {Map<string, Set<string>>} */
  #running = new Map();
  /** @type {Map<string, { trial: string | undefined; wentWell: boolean; groups: Set<Set<string>> }>} */
  #kinds = new Map();
  /** @type {{ node: string; fault: string } | undefined} */
  #failed;
  /** In the order in which they came. @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {Set<() => void>} */
  #watching = new Set();
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
  async take({ node, group, atOnce, kind: name, isLastOf }, out, work) {
    /** @type {Map<string, boolean>} */
    const comers = this.#comers.get(group) ?? new Map();
    this.#comers.set(group, comers.set(node, false));
    this.#wake(this.#watching);
    if (isLastOf !== undefined) await this.#waitForComers(comers, isLastOf);
    const running = this.#running.get(group) ?? new Set();
    this.#running.set(group, running);
    const kind = this.#kinds.get(name) ?? { trial: undefined, wentWell: false, groups: new Set() };
    this.#kinds.set(name, kind);
    kind.groups.add(running);
    /** @type {() => readonly string[]} */
    const before = () => {
      if (running.size >= atOnce) return [...running];
      const first = isLastOf === undefined ? [] : [...comers].flatMap(([other, wasHere]) => (wasHere || other === node ? [] : [other]));
      if (first.length > 0) return first;
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
      comers.set(node, true);
      this.#wake(this.#waiting);
      this.#wake(this.#watching);
    }
  }

  /**
   * The engine starts what may run side by side one after the other, and some may have nothing to change.
   * @param {ReadonlyMap<string, boolean>} comers
   * @param {number} all
   */
  async #waitForComers(comers, all) {
    let isOver = false;
    const timer = setTimeout(() => ((isOver = true), this.#wake(this.#watching)), this.#patienceMs);
    while (!isOver && comers.size < all && this.#failed === undefined)
      await new Promise((resolve) => this.#watching.add(() => resolve(undefined)));
    clearTimeout(timer);
  }

  /** @param {Set<() => void>} sleepers */
  #wake(sleepers) {
    const awake = [...sleepers];
    sleepers.clear();
    for (const go of awake) go();
  }
}

/** @type {(node: string, failed: { node: string; fault: string }) => string} */
function describeStop(node, failed) {
  return `${node}: left as it is, because ${failed.node} failed and the change of the others stopped there; cure ${failed.node}, then run pulumi up again`;
}

/** Those of this process. */
export const sharedTurns = new UpgradeTurns();
