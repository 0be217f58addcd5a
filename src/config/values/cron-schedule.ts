/** One of the five fields of a schedule, with its least and most (k3s: github.com/robfig/cron, ParseStandard). */
export interface CronField {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly words?: readonly string[];
}

const minute: CronField = { name: "minute", from: 0, to: 59 };
const hour: CronField = { name: "hour", from: 0, to: 23 };
const dayOfMonth: CronField = { name: "day of the month", from: 1, to: 31 };
const month: CronField = {
  name: "month",
  from: 1,
  to: 12,
  words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const dayOfWeek: CronField = { name: "day of the week", from: 0, to: 6, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/** In the order in which they stand. */
export const cronFields: readonly CronField[] = [minute, hour, dayOfMonth, month, dayOfWeek];

/** Words that stand for five fields. */
export const cronWords: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

/** When a schedule is due. */
export interface CronSchedule {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly daysOfWeek: readonly number[];
  /** It names both kinds of days, and then either is enough: cron's own rule. */
  readonly eitherDay: boolean;
}

/** The values that a field's text names, or nothing where it is no such text. */
export function readCronField(text: string, field: CronField): readonly number[] | undefined {
  const named = text.split(",").map((range) => readRange(range, field));
  const values = new Set<number>();
  for (const range of named) {
    if (range === undefined) return undefined;
    for (let value = range.first; value <= range.last; value += range.step) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

/** `*`, `5`, `1-5`, each with `/STEP` or without; `5/15` goes on to the field's end. */
function readRange(range: string, field: CronField): { readonly first: number; readonly last: number; readonly step: number } | undefined {
  const [, span = "", stepText] = /^([^/]+)(?:\/(\d+))?$/.exec(range) ?? [];
  const step = Number(stepText ?? 1);
  if (span === "" || step === 0) return undefined;
  if (isWhole(span)) return { first: field.from, last: field.to, step };
  const ends = span.split("-").map((end) => readValue(end, field));
  const [first = Number.NaN, last = stepText === undefined ? first : field.to] = ends;
  return ends.length <= 2 && first >= field.from && last <= field.to && first <= last ? { first, last, step } : undefined;
}

const isWhole = (span: string): boolean => span === "*" || span === "?";

function readValue(text: string, { words = [], from }: CronField): number {
  const word = words.indexOf(text.toLowerCase());
  if (word !== -1) return word + from;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** A schedule that rules/backup.ts takes. */
export function readCronSchedule(schedule: string): CronSchedule {
  const texts = (cronWords.get(schedule) ?? schedule).trim().split(/\s+/);
  const [minutes = [], hours = [], daysOfMonth = [], months = [], daysOfWeek = []] = cronFields.map(
    (field, index) => readCronField(texts[index] ?? "", field) ?? [],
  );
  // A star with a step is no star to robfig/cron.
  const hasStar = (text = "") => text.split(",").some((range) => /^[*?](\/1)?$/.test(range));
  return { minutes, hours, daysOfMonth, months, daysOfWeek, eitherDay: !hasStar(texts[2]) && !hasStar(texts[4]) };
}
