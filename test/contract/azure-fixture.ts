import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { createAzure } from "../../lab/clouds/azure/cloud";
import { type Cloud, CloudError } from "../../lab/clouds/contract";
import { FakeMachines } from "./fake-machines";

export const GROUP = "/subscriptions/8d6fa4b1-13f4-4e41-9d2a-0f6b1f6f9a55/resourceGroups/edge";
export const networkId = (type: string, name: string): string => `${GROUP}/providers/Microsoft.Network/${type}/${name}`;
export const machineId = (name: string): string => `${GROUP}/providers/Microsoft.Compute/virtualMachines/${name}`;
export const diskId = (name: string): string => `${GROUP}/providers/Microsoft.Compute/disks/${name}`;

export type Body = Readonly<Record<string, unknown>>;

/** An emulated Azure with requests as a client sends them. */
export class Azure {
  readonly machines = new FakeMachines();
  readonly cloud: Cloud = createAzure(this.machines);

  async ask(action: string, parameters: Body): Promise<Body> {
    return (await this.cloud.actions[action]?.({ region: "global", ...parameters })) as Body;
  }

  async admin(action: string, parameters: Body = {}): Promise<Body> {
    return (await this.cloud.admin[action]?.({ region: "global", ...parameters })) as Body;
  }

  get(id: string): Promise<Body> {
    return this.ask("Get", { id });
  }

  /** Sends a PUT and waits for its end; rejects with what the request or the operation failed with. */
  async put(id: string, body: Body): Promise<Body> {
    await this.finished(await this.ask("Put", { id, body }));
    return this.get(id);
  }

  async delete(id: string): Promise<void> {
    await this.finished(await this.ask("Delete", { id }));
  }

  async finished({ operation }: Body): Promise<void> {
    for (let tries = 0; operation !== undefined; tries++) {
      const { status, error } = await this.ask("Operation", { id: operation });
      if (status === "Succeeded") return;
      const { code = "", message = "" } = (error ?? {}) as { code?: string; message?: string };
      if (status === "Failed") throw new CloudError(code, message);
      assert.ok(tries < 200, "the operation did not end");
      await setTimeout(25);
    }
  }

  /** A group, a network with one subnet, a firewall and an interface: what a machine needs. */
  async withNetwork(): Promise<this> {
    await this.put(GROUP, { location: "westeurope" });
    await this.put(networkId("virtualNetworks", "net"), network(["10.9.0.0/16"]));
    await this.put(networkId("networkSecurityGroups", "wall"), wall([rule("ssh", 100, "Allow", "Tcp", "22", "198.51.100.0/24")]));
    await this.put(subnetId("private"), { properties: { addressPrefix: "10.9.1.0/24" } });
    await this.put(networkId("networkInterfaces", "nic"), nic("private", "wall"));
    return this;
  }
}

export const subnetId = (name: string): string => `${networkId("virtualNetworks", "net")}/subnets/${name}`;

export const network = (addressPrefixes: readonly string[]): Body => ({
  location: "westeurope",
  properties: { addressSpace: { addressPrefixes } },
});

export const wall = (securityRules: readonly Body[]): Body => ({ location: "westeurope", properties: { securityRules } });

export const rule = (name: string, priority: number, access: string, protocol: string, port: string, source: string): Body => ({
  name,
  properties: {
    priority,
    access,
    protocol,
    direction: "Inbound",
    sourceAddressPrefix: source,
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: port,
  },
});

export const nic = (subnet: string, firewall?: string): Body => ({
  location: "westeurope",
  properties: {
    ipConfigurations: [{ name: "primary", properties: { subnet: { id: subnetId(subnet) }, privateIPAllocationMethod: "Dynamic" } }],
    ...(firewall === undefined ? {} : { networkSecurityGroup: { id: networkId("networkSecurityGroups", firewall) } }),
  },
});

export const USER_DATA = "#cloud-config\nhostname: edge-0\n";

export interface MachineChanges {
  readonly body?: Body;
  readonly properties?: Body;
  readonly osProfile?: Body;
  readonly osDisk?: Body;
  readonly image?: Body;
  readonly nic?: Body;
}

export const machine = (changes: MachineChanges = {}): Body => ({
  location: "westeurope",
  zones: ["1"],
  tags: { "hybrid-k3s-node": "edge-burst-0" },
  ...changes.body,
  properties: {
    hardwareProfile: { vmSize: "Standard_D2s_v5" },
    osProfile: {
      computerName: "edge-burst-0",
      adminUsername: "ops",
      customData: Buffer.from(USER_DATA).toString("base64"),
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        ssh: { publicKeys: [{ path: "/home/ops/.ssh/authorized_keys", keyData: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA" }] },
      },
      ...changes.osProfile,
    },
    storageProfile: {
      imageReference: { publisher: "Debian", offer: "debian-12", sku: "12-gen2", version: "latest", ...changes.image },
      osDisk: { name: "disk-0", createOption: "FromImage", deleteOption: "Delete", ...changes.osDisk },
    },
    networkProfile: {
      networkInterfaces: [
        { id: networkId("networkInterfaces", "nic"), properties: { primary: true, deleteOption: "Detach", ...changes.nic } },
      ],
    },
    ...changes.properties,
  },
});

/** Asserts that Azure refuses with this code, and with words that match. */
export async function refused(work: Promise<unknown>, code: string, words = /./): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof CloudError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  });
}
