/** Syntax of labels and taints (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set). */
const namePattern = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Prefix of the labels that every node gets from this stack; users' labels stay out of it. */
export const ownLabelPrefix = "hybrid-k3s/";

export function isLabelKey(key: string): boolean {
  const parts = key.split("/");
  const name = parts.pop() ?? "";
  if (parts.length > 1 || name.length > 63 || !namePattern.test(name)) return false;
  const [prefix] = parts;
  return prefix === undefined || (prefix.length <= 253 && subdomainPattern.test(prefix));
}

export function isLabelValue(value: string): boolean {
  return value === "" || (value.length <= 63 && namePattern.test(value));
}

export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** `key=value:Effect` or `key:Effect`; undefined where it is none. */
export function readTaint(text: string): Taint | undefined {
  const match = /^([^=:]+)(?:=([^=:]*))?:([A-Za-z]+)$/.exec(text);
  const [key, value, effect] = [match?.[1], match?.[2] ?? "", match?.[3]];
  if (key === undefined || effect === undefined || !isLabelKey(key) || !isLabelValue(value)) return undefined;
  return (taintEffects as readonly string[]).includes(effect) ? { key, value, effect } : undefined;
}
