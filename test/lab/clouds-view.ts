import assert from "node:assert/strict";
import { cloudInventory } from "../../lab/checks/cloud-inventory";
import { succeed } from "../../lab/checks/probe-pods";
import type { LabHost } from "../../lab/hosts/host";
import { waitUntil } from "../../lab/hosts/wait-until";
import type { Lab } from "../../lab/lab";
import { type BurstPool, type CloudPool, cloudPool } from "../../lab/stack-config";
import type { LabContext } from "./lab-context";
import { expectSuccess, keptKeys, viewDevices, viewNodes } from "./nodes-view";

const CLOUD_OF = { burst: "aws", "burst-az": "azure" } as const;
export const burstPools: readonly BurstPool[] = ["burst", "burst-az"];

/** A node of a burst pool, as the plan names it. */
export const burstNode = (pool: BurstPool, index: number): string => `edge-${pool}-${index}`;

/** The lab host that a cloud node runs on. */
export async function machineOf(lab: Lab, node: string) {
  const cloud = node.includes("-burst-az-") ? "azure" : "aws";
  const { machine } = (await lab.clouds.admin(cloud, "machineOf", { node })) as { machine: string };
  return lab.vm(machine);
}

/** Does something to the node's lab host as soon as it is joining. */
export async function whenJoining<T>(lab: Lab, node: string, act: (vm: LabHost) => Promise<T>): Promise<T> {
  const joining = async () => {
    const vm = await machineOf(lab, node).catch(() => undefined);
    if (vm === undefined || !vm.isOn) return undefined;
    const { stdout } = await vm.run(["pgrep", "--full", "join-tailnet"]);
    return stdout === "" ? undefined : vm;
  };
  return act(await waitUntil(`${node} joins`, joining, { timeoutMs: 90_000, intervalMs: 200 }));
}

/** Shell after which nobody gets in by SSH, and whoever was in is out. */
export const REFUSE_SSH = "systemctl stop ssh.socket 2>/dev/null || true; systemctl stop ssh.service; pkill -KILL --full '^sshd: ' || true";

/** Changes a fault or a fact of the pool's cloud. */
export const atCloud = (lab: Lab, pool: BurstPool, action: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> =>
  lab.clouds.admin(CLOUD_OF[pool], action, params);

export function setPool(context: LabContext, pool: BurstPool, change: Partial<CloudPool>): void {
  context.stack.edit((settings) => Object.assign(cloudPool(settings, pool), change));
}

/** Brings both pools to 0 and the cluster to its metal nodes; what is left anywhere fails. */
export async function emptyPools(context: LabContext): Promise<void> {
  for (const pool of burstPools) setPool(context, pool, { count: 0, remove: [] });
  await expectSuccess(context.stack.up(["--refresh", "--continue-on-error"]));
  await expectNoBurstLeft(context);
}

/** Every API is asked: clouds, tailnet, cluster. `others`: what is in the clouds and no stack's. */
export async function expectNoBurstLeft({ lab, kubectl }: LabContext, others: readonly string[] = []): Promise<void> {
  assert.deepEqual(await cloudInventory(lab), others, "left in the clouds");
  assert.deepEqual([...(await viewDevices(lab)).keys()].filter(isBurst), [], "devices left");
  assert.deepEqual([...(await viewNodes(kubectl)).keys()].filter(isBurst), [], "Nodes left");
  const secrets = (await succeed(kubectl, ["-n", "kube-system", "get", "secrets", "-o", "name"])).stdout.split("\n").filter(isBurst);
  assert.deepEqual(secrets, [], "node-password secrets left");
  assert.equal((await keptKeys(lab)).length, (await viewDevices(lab)).size, "keys that are not revoked, beside one for each device");
}

const isBurst = (name: string): boolean => name.includes("edge-burst");

/** Waits until the operator's API sees these nodes Ready, and no other burst node. */
export async function waitBurst({ kubectl }: LabContext, names: readonly string[]): Promise<void> {
  const wanted = [...names].sort().join(" ");
  await waitUntil(
    `burst nodes ${wanted} are Ready`,
    async () => {
      const nodes = [...(await viewNodes(kubectl))].filter(([name, { ready }]) => isBurst(name) && ready);
      return (
        nodes
          .map(([name]) => name)
          .sort()
          .join(" ") === wanted
      );
    },
    { timeoutMs: 30_000, intervalMs: 500 },
  );
}
