import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adminTag, controlOf, operatorLogin } from "../../lab/console";
import type { RunResult } from "../../lab/contract";
import type { Lab } from "../../lab/lab";
import { type LabStack, createStack, findStack } from "../../lab/stack";
import { labSettings } from "../../lab/stack-config";

/** A tailnet's policy as a company may have it before the first cluster comes. */
export const companyPolicy = (form: "acls" | "grants"): string =>
  readFileSync(join(__dirname, "policies", `company-${form}.hujson`), "utf8");

export async function livePolicy(lab: Lab): Promise<string> {
  return (await controlOf(lab).admin.call("getPolicy")).text;
}

/** Somebody saves the policy in the console, where the tailnet's checks and the policy's own tests hold for them as well. */
export async function savePolicy(lab: Lab, text: string): Promise<void> {
  await controlOf(lab).admin.call("editPolicy", { text });
}

/** A policy without the lines that carry the mark of this cluster, or of any. Right where every list that they stand in has lines of its own. */
export const withoutMarked = (text: string, cluster?: string): string => linesBut(text, (line) => isMarked(line, cluster));

/** A policy without the lines for which this holds. */
export function linesBut(text: string, isOut: (line: string) => boolean): string {
  return text
    .split("\n")
    .filter((line) => !isOut(line))
    .join("\n");
}

export const isMarked = (line: string, cluster = ""): boolean => line.includes(`// hybrid-k3s: ${cluster}`);

/** Whether a line is one of the cluster's entries in the policy's `tests`. */
export const isOwnTest = (line: string): boolean => isMarked(line) && line.includes('"accept":');

/** How requests that write the policy have ended since then: their status, 0 where no answer came. */
export async function policyWrites(lab: Lab, since: string): Promise<number[]> {
  const { requests } = await controlOf(lab).admin.call("requests", { since });
  return requests.filter(({ method, path }) => method === "POST" && path.endsWith("/acl")).map(({ status }) => status);
}

export function setPolicyMode(stack: LabStack, mode: "own" | "merge" | "none"): void {
  stack.edit(({ "hybrid-k3s:vpn": vpn }) => {
    vpn.policy = mode;
    // Only a file that is wholly the stack's defines groups.
    if (mode === "own") vpn.groups = { ops: [operatorLogin] };
    else Reflect.deleteProperty(vpn, "groups");
  });
}

/** Another team's cluster in the same tailnet, as far as its policy goes. */
export class ShopStack {
  private constructor(readonly stack: LabStack) {}

  static async create(lab: Lab): Promise<ShopStack> {
    const settings = labSettings(lab);
    settings["hybrid-k3s:cluster"] = {
      ...settings["hybrid-k3s:cluster"],
      name: "shop",
      podCidr: "10.52.0.0/16",
      serviceCidr: "10.53.0.0/16",
    };
    // Its nodes are never made: the host is another's, and nobody logs in to it.
    settings["hybrid-k3s:pools"] = { rack: settings["hybrid-k3s:pools"]["rack"] ?? { provider: "bare-metal", role: "server", hosts: [] } };
    const credentials = await controlOf(lab).admin.call("createClient", {
      scopes: ["auth_keys", "policy_file", "devices:core"],
      tags: [adminTag],
      description: "shop",
    });
    const stack = await createStack(lab, { name: freeName(lab), settings, credentials });
    setPolicyMode(stack, "merge");
    return new ShopStack(stack);
  }

  /** Brings the policy, and nothing else, to what the stack wants. */
  up(flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
    return this.stack.up([...POLICY_ALONE, ...flags], { env });
  }

  destroy(): Promise<RunResult> {
    return this.stack.destroy();
  }
}

function freeName(lab: Lab, number = 1): string {
  const name = `shop-${number}`;
  return findStack(lab, name) === undefined ? name : freeName(lab, number + 1);
}

// With what it stands behind: the engine makes no resource before those that it depends on.
const POLICY_ALONE = ["cluster", "cluster-protect-identity", "cluster-policy"].flatMap((name) => ["--target", `**::${name}`]);
