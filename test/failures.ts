const REASON_LINES = 8;
const LINE_LENGTH = 600;
const STACK_FRAME = /^\s+at .*[:)]\d*/;

/** Lines that came between a failure's name and its stack. */
interface Failure {
  readonly name: string;
  readonly reason: string[];
}

/**
 * Names what failed in the output of node:test (reporter spec) or TAP, with the first lines that say why: whoever reads only the end of
 * a long run should see both.
 */
export class Failures {
  private readonly found = new Map<string, Failure>();
  private open: Failure | undefined;

  /** Takes the next line of the output. */
  read(line: string): void {
    const name = /^(?:not ok \d+|\s*✖) (.*)$/.exec(line)?.[1]?.replace(/ \([\d.]+ms\)$/, "");
    if (name !== undefined) {
      const failure = this.found.get(name) ?? { name, reason: [] };
      if (name !== "failing tests:") this.found.set(name, failure);
      // spec tells a failure where it happens and again at its end: the first telling is enough.
      this.open = name === "failing tests:" || failure.reason.length > 0 ? undefined : failure;
      return;
    }
    const isOver = line.trim() === "" ? (this.open?.reason.length ?? 0) === 0 : /^(?:ok \d|[▶ℹ]|\s*✔)/.test(line) || STACK_FRAME.test(line);
    if (isOver) this.open = undefined;
    else if (this.open !== undefined && this.open.reason.length < REASON_LINES && line.trim() !== "") this.open.reason.push(line.trim());
  }

  /** One line for each failure, its reason indented behind it. */
  tell(suite: string): string[] {
    return [...this.found.values()].flatMap(({ name, reason }) => [`  ${suite}: ${name}`, ...reason.map((line) => `      ${line}`)]);
  }

  /** One line for each test that said why it failed, with how that began: enough for who sees the last lines only. */
  list(suite: string): string[] {
    const told = [...this.found.values()].filter(({ reason }) => reason.length > 0);
    const shown = told.length > 0 ? told : [...this.found.values()];
    return shown.map(({ name, reason: [first] }) => shorten(`  ${suite}: ${name}${first === undefined ? "" : ` | ${first}`}`));
  }

  get size(): number {
    return this.found.size;
  }

  /** Names a command that failed without naming what in it did. */
  add(name: string): void {
    this.found.set(name, { name, reason: [] });
  }

  /** Takes what another one found along. */
  take(other: Failures): void {
    for (const [name, failure] of other.found) this.found.set(name, failure);
  }
}

const shorten = (line: string): string => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH - 1)}…` : line);
