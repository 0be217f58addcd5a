import { type Properties, type Value, isList, isProperties } from "../plugin/property-values";

/**
 * The inputs after a refresh. What the cloud filled in by itself is no input; only where an output is not what it was is the input taken to
 * have changed behind the back (pulumi/pulumi-azure-native: provider/pkg/provider/provider.go, Read).
 */
export function carryChanges(inputs: Properties, before: Properties, now: Properties, names: readonly string[]): Properties {
  const carried = new Map<string, Value>(Object.entries(inputs));
  for (const name of names) {
    const [old, current] = [before[name], now[name]];
    if (isSame(old, current)) continue;
    const input = carried.get(name);
    if (current === undefined) carried.delete(name);
    else if (isProperties(old) && isProperties(current) && isProperties(input)) {
      carried.set(name, carryChanges(input, old, current, [...new Set([...Object.keys(old), ...Object.keys(current)])]));
    } else carried.set(name, current);
  }
  return Object.fromEntries(carried);
}

function isSame(one: Value | undefined, other: Value | undefined): boolean {
  if (isList(one) && isList(other)) return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  if (!isProperties(one) || !isProperties(other)) return one === other;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => isSame(one[name], other[name]));
}
