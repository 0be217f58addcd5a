import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { onCalendar } from "../../src/plan/on-calendar";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** As systemd.time(7) has it, of the forms that are made here: lists, and stars for all. */
function isDue(line: string, at: Date): boolean {
  const [, week = "*", month = "", day = "", hour = "", minute = ""] =
    /^(?:([\w,]+) )?\*-(\S+)-(\S+) (\S+):(\S+):00$/.exec(line) ?? assert.fail(line);
  const has = (list: string, value: string) => list === "*" || list.split(",").includes(value);
  const two = (value: number) => String(value).padStart(2, "0");
  return (
    has(week, DAYS[at.getUTCDay()] ?? "") &&
    has(month, two(at.getUTCMonth() + 1)) &&
    has(day, two(at.getUTCDate())) &&
    has(hour, two(at.getUTCHours())) &&
    has(minute, two(at.getUTCMinutes()))
  );
}

/** As cron has it, of a field that is a star, a list of values, or a range with a step. */
function fits(field: string, value: number): boolean {
  return field.split(",").some((part) => {
    const [span = "", step = "1"] = part.split("/");
    if (span === "*") return value % Number(step) === 0;
    const [first = Number.NaN, last = first] = span.split("-").map(Number);
    return value >= first && value <= last && (value - first) % Number(step) === 0;
  });
}

const fieldFrom = (from: number, to: number) =>
  fc.oneof(
    fc.constant("*"),
    fc.array(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 3 }).map((values) => values.join(",")),
    fc
      .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to }), fc.integer({ min: 1, max: 7 }))
      .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`),
  );

describe("a schedule for systemd's timers", () => {
  it("is one line, or two where cron is content with either of two kinds of days", () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["0 */6 * * *", ["*-*-* 00,06,12,18:00:00"]],
      ["@daily", ["*-*-* 00:00:00"]],
      ["@weekly", ["Sun *-*-* 00:00:00"]],
      ["@yearly", ["*-01-01 00:00:00"]],
      ["* * ? * *", ["*-*-* *:*:00"]],
      ["50/4 3 * jan-mar FRI", ["Fri *-01,02,03-* 03:50,54,58:00"]],
      ["15 3 1,31 * mon-wed", ["*-*-01,31 03:15:00", "Mon,Tue,Wed *-*-* 03:15:00"]],
      // A star with a step names days, as far as robfig/cron is concerned, with the step 1 it does not.
      ["0 0 */16 * */6", ["*-*-01,17 00:00:00", "Sun,Sat *-*-* 00:00:00"]],
      ["0 0 */1 * 2", ["Tue *-*-* 00:00:00"]],
    ];
    for (const [schedule, lines] of cases) assert.deepEqual(onCalendar(schedule), lines, schedule);
  });

  it("is due whenever cron is", () => {
    const at = fc.date({ min: new Date("2024-01-01T00:00:00Z"), max: new Date("2031-12-31T00:00:00Z"), noInvalidDate: true });
    const fields = fc.tuple(fieldFrom(0, 59), fieldFrom(0, 23), fieldFrom(1, 31), fieldFrom(1, 12), fieldFrom(0, 6));
    fc.assert(
      fc.property(fields, at, fc.boolean(), ([minute, hour, day, month, week], chosen, isNear) => {
        // Half of the times where minute and hour fit, or next to none would.
        const when = new Date(chosen);
        if (isNear) when.setUTCHours(hour === "*" ? 5 : Number.parseInt(hour), minute === "*" ? 5 : Number.parseInt(minute), 0);
        const byDay = fits(day, when.getUTCDate());
        const byWeek = fits(week, when.getUTCDay());
        const days = day !== "*" && week !== "*" ? byDay || byWeek : byDay && byWeek;
        const wanted = fits(minute, when.getUTCMinutes()) && fits(hour, when.getUTCHours()) && fits(month, when.getUTCMonth() + 1) && days;
        const lines = onCalendar([minute, hour, day, month, week].join(" "));
        assert.equal(
          lines.some((line) => isDue(line, when)),
          wanted,
          lines.join("; "),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
