import { type Properties, type Value, isList, isProperties } from "./property-values";

export type ChangeKind = "add" | "delete" | "update";

/** What differs, by path such as `connection.port` or `triggers[0]`. */
export function diffProperties(olds: Properties, news: Properties): ReadonlyMap<string, ChangeKind> {
  const changes = new Map<string, ChangeKind>();
  for (const name of new Set([...Object.keys(olds), ...Object.keys(news)])) compare(name, olds[name], news[name], changes);
  return changes;
}

/** The input that a path of `diffProperties` starts with. */
export const topLevel = (path: string): string => path.split(/[.[]/, 1)[0] ?? path;

function compare(path: string, old: Value | undefined, now: Value | undefined, changes: Map<string, ChangeKind>): void {
  if (old === undefined && now === undefined) return;
  if (old === undefined || now === undefined) {
    changes.set(path, old === undefined ? "add" : "delete");
  } else if (isList(old) && isList(now)) {
    for (let index = 0; index < Math.max(old.length, now.length); index++) compare(`${path}[${index}]`, old[index], now[index], changes);
  } else if (isProperties(old) && isProperties(now)) {
    for (const [name, change] of diffProperties(old, now)) changes.set(`${path}.${name}`, change);
  } else if (old !== now) {
    changes.set(path, "update");
  }
}
