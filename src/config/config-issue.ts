/** One fault of the config: where, what is wrong with the value given, and what to do. */
export interface ConfigIssue {
  /** As `pulumi config set --path` takes it: `hybrid-k3s:pools.rack.hosts[0].name`. */
  readonly path: string;
  /** Goes on from the path: `"Edge" is not ...`; no final full stop. */
  readonly problem: string;
  /** A whole sentence. */
  readonly remedy: string;
}

export function formatIssue(issue: ConfigIssue): string {
  return `${issue.path}: ${issue.problem}. ${issue.remedy}`;
}

export type PathPart = string | number;

/** Path of a setting below `hybrid-k3s:`; a key with dots or brackets in it is written as `["a.b/c"]`, as the CLI wants it. */
export function settingPath(...parts: readonly PathPart[]): string {
  return parts.reduce<string>((path, part, index) => {
    if (typeof part === "number") return `${path}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${path}["${part}"]`;
    return index === 0 ? `${path}${part}` : `${path}.${part}`;
  }, "hybrid-k3s:");
}

/** A value for a message: as JSON, cut where it is long. */
export function quote(value: unknown): string {
  const longest = 80;
  if (typeof value === "string") return JSON.stringify(value.length > longest ? `${value.slice(0, longest)}...` : value);
  const json = JSON.stringify(value) ?? String(value);
  return json.length > longest ? `${json.slice(0, longest)}...` : json;
}

/** `a, b or c` for messages that list what is allowed. */
export function listOf(words: readonly string[], last = "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${last} ${words[words.length - 1] ?? ""}`;
}
