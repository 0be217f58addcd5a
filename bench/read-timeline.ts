/** One resource's work in a run, in seconds since the command was started. */
export interface Span {
  readonly name: string;
  readonly operation: string;
  readonly start: number;
  readonly end: number;
}

export interface Timeline {
  /** When the engine had begun with the first resource: its own start, and with the program the plugins' and Node.js's. */
  readonly began: number;
  readonly spans: readonly Span[];
  readonly ended: number;
}

interface EngineEvent {
  readonly resourcePreEvent?: Step;
  readonly resOutputsEvent?: Step;
  readonly resOpFailedEvent?: Step;
}

interface Step {
  readonly metadata: { readonly op: string; readonly urn: string };
}

/** Collects `pulumi --json`'s events as they come; those of the engine have whole seconds alone. */
export class TimelineReader {
  private rest = "";
  private readonly started: number;
  private readonly open = new Map<string, { readonly operation: string; readonly start: number }>();
  private readonly spans: Span[] = [];
  private began: number | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.started = this.now();
  }

  /** Takes a part of the output, wherever it was cut. */
  take(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) this.read(JSON.parse(line) as EngineEvent);
  }

  end(): Timeline {
    const ended = this.seconds();
    return { began: this.began ?? ended, spans: [...this.spans].sort((a, b) => a.start - b.start || a.end - b.end), ended };
  }

  private read({ resourcePreEvent, resOutputsEvent, resOpFailedEvent }: EngineEvent): void {
    const at = this.seconds();
    if (resourcePreEvent !== undefined) {
      this.began ??= at;
      this.open.set(resourcePreEvent.metadata.urn, { operation: resourcePreEvent.metadata.op, start: at });
    }
    const done = resOutputsEvent ?? resOpFailedEvent;
    const begun = done && this.open.get(done.metadata.urn);
    if (done === undefined || begun === undefined) return;
    this.open.delete(done.metadata.urn);
    this.spans.push({ name: done.metadata.urn.split("::").at(-1) ?? done.metadata.urn, ...begun, end: at });
  }

  private seconds(): number {
    return (this.now() - this.started) / 1000;
  }
}

const WIDTH = 60;

/** A line a resource that took time: its bar on the run's whole length, its seconds and its name. */
export function renderTimeline({ began, spans, ended }: Timeline, shortest = 0.1): string {
  const column = (seconds: number) => Math.round((seconds / ended) * WIDTH);
  const bar = (start: number, end: number) => {
    const from = Math.min(column(start), WIDTH - 1);
    return `${" ".repeat(from)}${"#".repeat(Math.max(1, column(end) - from))}`.padEnd(WIDTH);
  };
  const line = (start: number, end: number, name: string) =>
    `${bar(start, end)} ${start.toFixed(1).padStart(5)} ${(end - start).toFixed(1).padStart(5)}  ${name}`;
  const long = spans.filter(({ start, end }) => end - start >= shortest);
  return [
    `${"".padEnd(WIDTH)} start   for`,
    line(0, began, "engine, plugins and program start"),
    ...long.map(({ start, end, name, operation }) => line(start, end, `${name} ${operation}`)),
    line(0, ended, "whole run"),
    "",
  ].join("\n");
}
