import { join } from "node:path";
import type { LabTools } from "./contract";
import { controlServices } from "./control/control-services";
import type { PreparedControl } from "./control/prepare-control";
import { prepareControl } from "./control/prepare-control";
import type { Namespaces } from "./hosts/namespaces";
import { LabService } from "./hosts/services";
import { buildMirrorTree } from "./mirror/build-tree";
import { inState } from "./paths";
import { AdminClient } from "./tailscale-api/admin-client";

/** The control server, the vendor's API and the mirror, and the way to act as a person in the vendor's console. */
export interface LabControl {
  readonly prepared: PreparedControl;
  readonly services: readonly LabService[];
  readonly admin: AdminClient;
  readonly tools: LabTools;
}

/** Makes the mirror's folder, authorities, certificates and configuration, or reads those that are there; starts nothing. */
export async function prepareLabControl(tools: LabTools): Promise<PreparedControl> {
  const mirrorTree = await buildMirrorTree(tools);
  return prepareControl({ state: inState("control"), sockets: inState("run", "sockets"), mirrorTree }, tools);
}

export interface LabControlParts {
  readonly prepared: PreparedControl;
  readonly tools: LabTools;
  /** The root file system of the clouds' machines. */
  readonly cloudImage: string;
}

/** The services of a running lab. */
export function labControl(namespaces: Namespaces, { prepared, tools, cloudImage }: LabControlParts): LabControl {
  const services = controlServices(prepared, cloudImage).map((spec) => new LabService(spec, namespaces));
  return { prepared, services, tools, admin: new AdminClient(prepared.apiConfig.adminSocket) };
}

/** Folders of what a lab's services remember; dropped before each start, so that every lab begins with an empty tailnet. */
export const controlStateDirs: readonly string[] = ["headscale", "tailscale-api"].map((name) => join(inState("control"), name));
