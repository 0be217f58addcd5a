/** A point in time that several waits share. */
export class Deadline {
  #end;

  /** @param {number} milliseconds */
  constructor(milliseconds) {
    this.#end = performance.now() + milliseconds;
  }

  get left() {
    return Math.max(0, this.#end - performance.now());
  }

  get over() {
    return this.left === 0;
  }
}

/**
 * Waits, but never beyond the deadline.
 * @type {(milliseconds: number, deadline?: Deadline) => Promise<void>}
 */
export function pause(milliseconds, deadline) {
  return new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, deadline?.left ?? milliseconds)));
}
