import assert from "node:assert/strict";
import { type Kubectl, succeed } from "../../lab/checks/probe-pods";
import { controlOf } from "../../lab/console";
import type { RunResult } from "../../lab/contract";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import type { LabStack } from "../../lab/stack";

interface NodeView {
  readonly uid: string;
  readonly ready: boolean;
  readonly cordoned: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly string[];
  readonly podCapacity: string;
  /** The k3s release that its kubelet says it is. */
  readonly version: string;
}

interface NodeList {
  items: {
    metadata: { name: string; uid: string; labels: Record<string, string> };
    spec: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
    status: { conditions: { type: string; status: string }[]; capacity: { pods: string }; nodeInfo: { kubeletVersion: string } };
  }[];
}

/** The cluster's Nodes by name, as the operator's kubectl shows them. */
export async function viewNodes(kubectl: Kubectl): Promise<ReadonlyMap<string, NodeView>> {
  const { stdout } = await succeed(kubectl, ["get", "nodes", "-o", "json"]);
  return new Map(
    (JSON.parse(stdout) as NodeList).items.map(({ metadata, spec, status }) => [
      metadata.name,
      {
        uid: metadata.uid,
        ready: status.conditions.some(({ type, status: state }) => type === "Ready" && state === "True"),
        cordoned: spec.unschedulable === true,
        labels: metadata.labels,
        taints: (spec.taints ?? []).map(({ key, value, effect }) => `${key}${value === undefined ? "" : `=${value}`}:${effect}`),
        podCapacity: status.capacity.pods,
        version: status.nodeInfo.kubeletVersion,
      },
    ]),
  );
}

export async function readyNodes(kubectl: Kubectl): Promise<string[]> {
  return [...(await viewNodes(kubectl))]
    .filter(([, { ready }]) => ready)
    .map(([name]) => name)
    .sort();
}

/** Nodes that take new pods, as far as their taints allow. */
export async function openNodes(kubectl: Kubectl): Promise<string[]> {
  return [...(await viewNodes(kubectl))]
    .filter(([, { cordoned }]) => !cordoned)
    .map(([name]) => name)
    .sort();
}

/** The cluster's devices by host name: each one's id, and its name in the tailnet without the domain. */
export async function viewDevices(lab: Lab): Promise<ReadonlyMap<string, { readonly id: string; readonly name: string }>> {
  const { devices } = await controlOf(lab).admin.call("listDevices");
  const ours = devices.filter(({ tags }) => tags?.includes("tag:k3s-edge"));
  return new Map(ours.map(({ id, hostname, name }) => [hostname, { id, name: name.split(".")[0] ?? "" }]));
}

/** Ids of the cluster's auth keys that were not revoked. */
export async function keptKeys(lab: Lab): Promise<string[]> {
  const { keys } = await controlOf(lab).admin.call("listKeys");
  return keys.filter(({ tags, revoked }) => tags.includes("tag:k3s-edge") && revoked === undefined).map(({ id }) => id);
}

async function urns(stack: LabStack): Promise<string[]> {
  const { deployment } = JSON.parse(await stack.exportState()) as { deployment: { resources?: { urn: string }[] } };
  return (deployment.resources ?? []).map(({ urn }) => urn);
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/** Names of the resources in the stack's state. */
export async function resourceNames(stack: LabStack): Promise<ReadonlySet<string>> {
  return new Set((await urns(stack)).map(nameOf));
}

/** The URN of the resource of this name in the stack's state. */
export async function urnOf(stack: LabStack, name: string): Promise<string> {
  return (await urns(stack)).find((urn) => nameOf(urn) === name) ?? assert.fail(`no ${name} in the state`);
}

/** What a run said; fails where the run did. */
export async function expectSuccess(run: Promise<RunResult>): Promise<string> {
  const { code, stdout, stderr } = await run;
  assert.equal(code, 0, `ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** What a run said that must fail. */
export async function expectFailure(run: Promise<RunResult>): Promise<string> {
  const { code, stdout, stderr } = await run;
  assert.notEqual(code, 0, `must fail, but ended with 0:\n${stdout}`);
  return `${stdout}\n${stderr}`;
}

/** Waits until the cluster has just these nodes, all Ready: a kubelet that restarted may report late. */
export async function waitReady(kubectl: Kubectl, names: readonly string[]): Promise<void> {
  const wanted = [...names].sort().join(" ");
  await waitUntil(`nodes ${wanted} are Ready`, async () => (await readyNodes(kubectl)).join(" ") === wanted, {
    timeoutMs: 30_000,
    intervalMs: 500,
  });
}
