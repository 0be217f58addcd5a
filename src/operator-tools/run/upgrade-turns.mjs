import { ToolError, asError } from "./tool-error.mjs";

/** @import { ToolOutput } from "./output.mjs" */

/**
 * Whose turn it is to be changed in place.
 * @typedef {object} Turn
 * @property {string} node
 * @property {string} group Nodes that take turns with each other: a pool, or all servers.
 * @property {number} atOnce How many of them may be changed at the same time.
 */

/**
 * Nodes of one run that are changed in place a few at a time, and none any more once one has failed: a release that one node cannot start is
 * the same for the next. All links of a run share one process (src/remote/host-link.ts), so memory is enough to keep them in order.
 */
export class UpgradeTurns {
  /** @type {Map<string, Set<string>>} */
  #running = new Map();
  /** @type {{ node: string; fault: string } | undefined} */
  #failed;
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /**
   * Does the work when it is the node's turn. Throws without having done it where another node of the run has failed.
   * @template T
   * @param {Turn} turn
   * @param {ToolOutput} out
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async take({ node, group, atOnce }, out, work) {
    const running = this.#running.get(group) ?? new Set();
    this.#running.set(group, running);
    let hasTold = false;
    while (this.#failed === undefined && running.size >= atOnce) {
      if (!hasTold) out.say(`${node}: waits for its turn behind ${[...running].join(", ")}`);
      hasTold = true;
      await new Promise((resolve) => this.#waiting.add(() => resolve(undefined)));
    }
    if (this.#failed !== undefined) throw new ToolError(describeStop(node, this.#failed));
    running.add(node);
    try {
      return await work();
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
