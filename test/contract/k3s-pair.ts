import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import type { LabTools } from "../../lab/contract";
import type { Lab } from "../../lab/lab";
import { buildMirrorTree } from "../../lab/mirror/build-tree";
import { nextK3sVersion } from "../../lab/mirror/next-release";
import { createProgress } from "../../lab/progress";
import { startLab } from "../../lab/start-lab";
import { getTools } from "../../lab/tools/get-tools";
import { K3sMachine } from "./k3s-machine";

/** Two machines that reach each other under their VPN addresses, in a lab without a control server. */
export interface K3sPair {
  readonly lab: Lab;
  readonly tools: LabTools;
  readonly server: K3sMachine;
  readonly agent: K3sMachine;
  /** Folder of the machines' own release in the mirror. */
  readonly release: string;
  /** Folder of the release that follows the machines' own; absent with a real k3s without LAB_K3S_NEXT. */
  readonly nextRelease?: string;
}

export async function startK3sPair(): Promise<K3sPair> {
  const progress = createProgress();
  const tools = await getTools(progress);
  const mirrorTree = await buildMirrorTree(tools);
  const images = imagesIn(mirrorTree, tools.k3sVersion);
  const next = nextK3sVersion(tools);
  const lab = await startLab({ control: false, hosts: ["rack-1", "rack-3"], progress });
  const server = new K3sMachine(lab.host("rack-1"), "100.64.0.1");
  const agent = new K3sMachine(lab.host("rack-3"), "100.64.0.3");
  await server.prepare(tools, images, [{ vpnAddress: agent.vpnAddress, address: "10.10.1.13" }]);
  await agent.prepare(tools, images, [{ vpnAddress: server.vpnAddress, address: "10.10.1.11" }]);
  const release = path.join(mirrorTree, "k3s", tools.k3sVersion);
  return { lab, tools, server, agent, release, ...(next !== undefined && { nextRelease: path.join(mirrorTree, "k3s", next) }) };
}

/** The archive of the lab's images in the mirror's folder. */
export function imagesIn(mirrorTree: string, k3sVersion: string): string {
  const folder = path.join(mirrorTree, "k3s", k3sVersion);
  const name = readdirSync(folder).find((file) => file.startsWith("k3s-airgap-images-"));
  assert.ok(name !== undefined, `${folder} holds the lab's images`);
  return path.join(folder, name);
}
