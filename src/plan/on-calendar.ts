import { type CronField, cronFields, readCronSchedule } from "../config/values/cron-schedule";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/**
 * A schedule as cron writes it, as `OnCalendar=` of systemd's timers takes it (systemd.time(7)): of several lines any is enough, which is what cron makes
 * of a schedule that names days of the month and of the week. All others are one line.
 */
export function onCalendar(schedule: string): readonly string[] {
  const { minutes, hours, daysOfMonth, months, daysOfWeek, eitherDay } = readCronSchedule(schedule);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = cronFields;
  const listed = (values: readonly number[], field: CronField | undefined) =>
    values.length === span(field) ? "*" : values.map((value) => String(value).padStart(2, "0")).join(",");
  const days = daysOfWeek.length === span(dayOfWeek) ? "" : `${daysOfWeek.map((day) => DAYS[day]).join(",")} `;
  const line = (week: string, day: string) =>
    `${week}*-${listed(months, month)}-${day} ${listed(hours, hour)}:${listed(minutes, minute)}:00`;
  const day = listed(daysOfMonth, dayOfMonth);
  return eitherDay ? [...new Set([line("", day), line(days, "*")])] : [line(days, day)];
}

const span = (field: CronField | undefined): number => (field === undefined ? 0 : field.to - field.from + 1);
