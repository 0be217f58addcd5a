import type { Finding } from "../checks/connectivity";

/** Rows of words in columns, the first row their names; columns of figures go to the right. */
export function renderColumns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_name, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  return rows.map((row) =>
    `  ${row.map((word, at) => (right.includes(at) ? word.padStart(widths[at] ?? 0) : word.padEnd(widths[at] ?? 0))).join("  ")}`.trimEnd(),
  );
}

/** A node of the stack's output `nodes`. */
export interface NodeRow {
  readonly name: string;
  readonly pool: string;
  readonly provider: string;
  readonly region: string;
  readonly role: string;
  readonly tailnetIp: string;
  readonly path: string;
}

/** One line a node; `wait-ready` names those that Kubernetes calls Ready. */
export function renderNodes(nodes: readonly NodeRow[], ready: ReadonlySet<string>): string[] {
  const rows = nodes.map(({ name, pool, provider, region, role, tailnetIp, path }) => [
    ready.has(name) ? "✓" : "✗",
    name,
    role,
    pool,
    region === "" ? provider : `${provider} ${region}`,
    tailnetIp,
    path,
  ]);
  return renderColumns([["", "node", "role", "pool", "stands at", "tailnet", "path"], ...rows]);
}

/** Which pod reaches which: a line and a number for each node, then what was tried, and each fault. */
export function renderReach(findings: readonly Finding[]): string[] {
  const nodes = [...new Set(findings.flatMap(({ from, to }) => [from, to]))].sort();
  const cell = (from: string, to: string): string => {
    const tried = findings.filter((finding) => finding.from === from && finding.to === to);
    if (tried.length === 0) return "·";
    return tried.some(({ fault }) => fault !== undefined) ? "✗" : "✓";
  };
  const rows = nodes.map((from, at) => [String(at + 1), `pod on ${from}`, ...nodes.map((to) => cell(from, to))]);
  const faults = findings.filter(({ fault }) => fault !== undefined);
  return [
    ...renderColumns([["", "reaches", ...nodes.map((_node, at) => String(at + 1))], ...rows], [0]),
    `  tried each: ${[...new Set(findings.map(({ what }) => what))].join("; ")}`,
    ...faults.map(({ from, to, what, fault }) => `  ✗ ${from} -> ${to}: ${what} (${(fault ?? "").replace(/\s+/g, " ")})`),
  ];
}

export interface PartTime {
  readonly title: string;
  readonly seconds: number;
  /** The same work by hand, in seconds, where it was measured. */
  readonly floor?: number;
}

/** How long each part took, the sum, and beside them the floor and how many times it that was, where one is known. */
export function renderTimes(times: readonly PartTime[]): string[] {
  const all: PartTime = { title: "all", seconds: times.reduce((sum, { seconds }) => sum + seconds, 0) };
  const hasFloors = times.some(({ floor }) => floor !== undefined);
  const rows = [...times, all].map(({ title, seconds, floor }) => [
    `${seconds.toFixed(1)} s`,
    ...(hasFloors ? (floor === undefined ? ["", ""] : [`${floor.toFixed(1)} s`, (seconds / floor).toFixed(2)]) : []),
    title,
  ]);
  return renderColumns([["time", ...(hasFloors ? ["by hand", "times"] : []), "part"], ...rows], hasFloors ? [0, 1, 2] : [0]);
}
