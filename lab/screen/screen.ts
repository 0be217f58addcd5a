import type { Amount, Progress } from "../contract";
import { EngineOutput } from "./engine-output";
import { type LiveState, type RunningStep, renderAmount, renderLive, seconds, showAfterMs } from "./render-live";
import { isLive, Terminal, type TerminalStream } from "./terminal";

const redrawMs = 200;
// A log gets a sign of life: soon after a step shows to be long, and now and then from there.
const signMs = 10_000;

/** Progress, and what a whole run of parts shows beside it. */
export interface Screen extends Progress {
  /** A part of the run: steps within it go when they are done, and leave its line alone. */
  part<T>(title: string, work: () => Promise<T>): Promise<T>;
  /** Lines that stay. */
  show(lines: readonly string[]): void;
  /** Shows what the engine's output tells of these nodes while work runs; the work hands the output on. */
  follow<T>(nodes: readonly string[], work: (onOutput: (text: string) => void) => Promise<T>): Promise<T>;
  /** Nothing is drawn any more but lines that stay, and steps that end have no word. */
  stop(): void;
}

export interface ScreenOptions {
  /** The parts that are to come, for a run that consists of parts. */
  readonly parts?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface Running extends RunningStep {
  amount?: Amount;
  signs: number;
}

/** A living screen on a terminal; elsewhere (a pipe, CI, NO_COLOR, TERM=dumb) plain lines. */
export function createScreen(
  stream: TerminalStream & { readonly isTTY?: boolean },
  { parts, env = process.env }: ScreenOptions = {},
): Screen {
  const terminal = isLive(stream, env) ? new Terminal(stream) : undefined;
  const steps = new Set<Running>();
  let [part, engine]: [Running | undefined, EngineOutput | undefined] = [undefined, undefined];
  let [done, isStopped, began]: [number, boolean, number | undefined] = [0, false, undefined];
  let timer: NodeJS.Timeout | undefined;

  const state = (): LiveState => ({
    ...(part && { part }),
    steps: [...steps],
    nodes: engine?.nodes ?? new Map<string, string>(),
    resources: engine?.resources ?? 0,
    ...(parts && began !== undefined && { parts: { titles: parts, done, since: began } }),
  });
  const draw = () => {
    if (terminal !== undefined && !isStopped && timer !== undefined) terminal.draw(renderLive(state(), Date.now(), terminal.size));
  };
  const show = (lines: readonly string[]) => {
    if (terminal === undefined) for (const line of lines) stream.write(`${line}\n`);
    else terminal.print(lines);
    draw();
  };
  const giveSigns = () => {
    const now = Date.now();
    const late = [...(part ? [part] : []), ...steps].filter(
      ({ since, signs }) => now - since >= (signs === 0 ? showAfterMs : signs * signMs),
    );
    for (const step of late) {
      step.signs += 1;
      const work = step === part ? [...(engine?.nodes ?? [])].map(([node, does]) => `${node}: ${does}`).join("; ") : "";
      const more = step.amount === undefined ? work : renderAmount(step.amount);
      show([`  … ${step.title} ${seconds(now - step.since)}${more === "" ? "" : `  ${more}`}`]);
    }
  };
  const keepUp = () => {
    const isRunning = !isStopped && (part !== undefined || steps.size > 0);
    if (isRunning && timer === undefined) timer = setInterval(terminal === undefined ? giveSigns : draw, redrawMs).unref();
    if (isRunning || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    terminal?.print([]);
  };
  const begin = (title: string): Running => {
    began ??= Date.now();
    return { title, since: Date.now(), signs: 0 };
  };
  const end = (step: Running, sign: "✓" | "✗", hasLine: boolean) => {
    keepUp();
    if (!isStopped && hasLine) show([`  ${sign} ${step.title} ${seconds(Date.now() - step.since)}`]);
  };

  return {
    show,
    note: (text) => show([text]),
    stop() {
      isStopped = true;
      keepUp();
    },
    async follow(nodes, work) {
      const output = new EngineOutput(nodes);
      engine = output;
      try {
        return await work((text) => output.read(text));
      } finally {
        engine = undefined;
      }
    },
    async part(title, work) {
      const step = begin(title);
      part = step;
      keepUp();
      let sign: "✓" | "✗" = "✗";
      try {
        const result = await work();
        sign = "✓";
        return result;
      } finally {
        part = undefined;
        done += 1;
        end(step, sign, true);
      }
    },
    async step(title, work) {
      const step = begin(title);
      steps.add(step);
      keepUp();
      let sign: "✓" | "✗" = "✗";
      try {
        const result = await work((amount) => (step.amount = amount));
        sign = "✓";
        return result;
      } finally {
        steps.delete(step);
        end(step, sign, terminal === undefined || part === undefined || sign === "✗");
      }
    },
  };
}
