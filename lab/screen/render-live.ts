import type { Amount } from "../contract";

export interface RunningStep {
  readonly title: string;
  /** When it began, in ms. */
  readonly since: number;
  readonly amount?: Amount;
}

/** What changes while one looks at it. */
export interface LiveState {
  /** The part of the whole that runs. */
  readonly part?: RunningStep;
  /** Steps that run, within the part or without one. */
  readonly steps: readonly RunningStep[];
  /** What each node is doing, and how many resources the engine is done with. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly resources: number;
  /** All parts, how many are done, and when the first began; absent where nobody said. */
  readonly parts?: { readonly titles: readonly string[]; readonly done: number; readonly since: number };
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A step shows itself once it takes that long. */
export const showAfterMs = 2000;
const barWidth = 24;
// One that is never full before it is done, and a place for the cursor behind it.
const margin = 1;

/** The lines of a screen that lives: what runs, how long and how far, each node's work, and what is still to come. */
export function renderLive(state: LiveState, now: number, { columns, rows }: Size): string[] {
  const late = state.steps.filter(({ since }) => now - since >= showAfterMs);
  const width = Math.max(0, ...[...state.nodes.keys()].map((name) => name.length));
  const lines = [
    ...(state.part === undefined ? [] : [`  … ${runningStep(state.part, now)}`]),
    ...late.map((step) => `${state.part === undefined ? "  … " : "      "}${runningStep(step, now)}`),
    ...[...state.nodes].map(([name, work]) => `      ${name.padEnd(width)}  ${work}`),
    ...(state.resources > 0 ? [`      ${state.resources} resources done`] : []),
    ...footer(state, now),
  ];
  // More than a screen would scroll and could not be drawn over; the last lines are those that tell where we are.
  return lines.slice(-Math.max(1, rows - 1)).map((line) => line.slice(0, Math.max(1, columns - margin)));
}

/** One line on a step that runs: title, time, and how far it is. */
export function runningStep({ title, since, amount }: RunningStep, now: number): string {
  return `${title}  ${clock(now - since)}${amount === undefined ? "" : `  ${renderAmount(amount)}`}`;
}

/** A bar where it is known how much there is, and the figures. */
export function renderAmount({ what, done, of }: Amount): string {
  if (of === undefined || of <= 0) return `${done} ${what}`;
  const filled = Math.floor((Math.min(done, of) / of) * barWidth);
  return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}  ${done} of ${of} ${what}`;
}

function footer({ parts, part }: LiveState, now: number): string[] {
  if (parts === undefined) return [];
  const { titles, done, since } = parts;
  const at = Math.min(done + (part === undefined ? 0 : 1), titles.length);
  const next = titles[at];
  return [
    "",
    `  ${at} of ${titles.length}  ${clock(now - since)}${next === undefined ? "" : `  next: ${next}`}  (Ctrl-C takes everything down)`,
  ];
}

/** `0:07`, `12:03`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** `21.0 s`. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
