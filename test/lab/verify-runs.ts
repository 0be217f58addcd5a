import assert from "node:assert/strict";
import { checkoutRoot } from "../../lab/paths";
import type { RunResult } from "../../lab/contract";
import type { LabContext } from "./lab-context";

const VERIFY_MS = 300_000;
/** Of the namespaces that it makes. */
const PROBE_LABEL = "app.kubernetes.io/managed-by=hybrid-k3s-verify";

interface SeenCase {
  readonly check: string;
  readonly from: string;
  readonly to: string;
  readonly verdict: "passed" | "failed" | "unable";
  readonly seen: string;
}

/** What `hybrid-k3s verify --json` prints. */
export interface Verified {
  readonly isWell: boolean;
  readonly faults: readonly { readonly what: string; readonly seen: string; readonly cause: string; readonly remedy: string }[];
  readonly warnings: readonly string[];
  readonly nodes: readonly { readonly name: string }[];
  readonly paths: readonly {
    readonly from: string;
    readonly to: string;
    readonly kind: string;
    readonly ms?: number;
    readonly why?: string;
  }[];
  readonly cases: readonly SeenCase[];
}

/** `npx hybrid-k3s verify ...` on the operator's machine, for the lab's stack. */
export function runVerify({ lab, stack }: LabContext, ...words: string[]): Promise<RunResult> {
  return lab.operator.run([process.execPath, "src/cli/main.mjs", "verify", ...words, "--stack", stack.name], {
    cwd: checkoutRoot,
    timeoutMs: VERIFY_MS,
  });
}

export async function verified(context: LabContext, ...words: string[]): Promise<Verified> {
  const { code, stdout, stderr } = await runVerify(context, "--json", ...words);
  assert.ok(stdout.startsWith("{"), stderr);
  const said = JSON.parse(stdout) as Verified;
  assert.equal(code, said.isWell ? 0 : 1, stderr);
  return said;
}

/** Nothing of a run is left in the cluster. */
export async function assertNoProbe({ kubectl }: LabContext): Promise<void> {
  const { stdout } = await kubectl(["get", "namespaces", "-l", PROBE_LABEL, "-o", "name"]);
  assert.equal(stdout, "");
}
