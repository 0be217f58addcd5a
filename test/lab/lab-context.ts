import assert from "node:assert/strict";
import { type Before, snapshotBefore } from "../../lab/checks/nothing-left";
import { type Kubectl, type ProbePod, deployProbePods } from "../../lab/checks/probe-pods";
import { joinOperator } from "../../lab/console";
import { firstHosts } from "../../lab/hosts/topology";
import type { LabHost } from "../../lab/hosts/host";
import { takeSnapshot } from "../../lab/hosts/snapshot";
import type { Lab } from "../../lab/lab";
import { type LabStack, createStack } from "../../lab/stack";
import { addBurstPools } from "../../lab/stack-config";
import { startLab } from "../../lab/start-lab";

/** What all scenarios share: one booted lab, one stack, and the look of everything before the first `up`. */
export class LabContext {
  private constructor(
    readonly lab: Lab,
    readonly stack: LabStack,
    public before: Before,
  ) {}

  static async start(): Promise<LabContext> {
    const lab = await startLab();
    await joinOperator(lab);
    const stack = await createStack(lab);
    const hosts = firstHosts.filter((name) => name !== "bastion").map((name) => lab.host(name));
    return new LabContext(lab, stack, await snapshotBefore(lab, hosts));
  }

  readonly kubectl: Kubectl = (argv, options) => this.lab.operator.kubectl(argv, options);

  /** A host that was installed again looks otherwise from the start: from now on that is how it must be left. */
  async snapshotAgain(host: LabHost): Promise<void> {
    const snapshot = await takeSnapshot(host);
    this.before = { ...this.before, hosts: this.before.hosts.map((look) => (look.host.name === host.name ? { host, snapshot } : look)) };
  }

  /** A host that got other SSH host keys differs from its first look in them alone. */
  async takeHostKeys(host: LabHost): Promise<void> {
    const isKey = (fact: string) => fact.includes("/etc/ssh/ssh_host_");
    const keys = [...(await takeSnapshot(host)).facts].filter(isKey);
    const hosts = this.before.hosts.map((look) => {
      if (look.host.name !== host.name) return look;
      const facts = new Set([...[...look.snapshot.facts].filter((fact) => !isKey(fact)), ...keys]);
      return { host, snapshot: { ...look.snapshot, facts } };
    });
    this.before = { ...this.before, hosts };
  }

  /** The lab's cluster of rack-1, rack-2 and kiosk-1 is up, and kubectl reaches it; cheap where it is up already. */
  async ensureCluster(): Promise<void> {
    const { code, stdout, stderr } = await this.stack.up();
    assert.equal(code, 0, `pulumi up failed:\n${stdout}\n${stderr}`);
    await this.stack.saveKubeconfig();
  }

  /** The stack has its two burst pools, empty ones where it had none. */
  addBurstPools(): void {
    this.stack.edit((settings) => {
      if (settings["hybrid-k3s:pools"]["burst"] === undefined) addBurstPools(this.lab, settings);
    });
  }

  /** A probe pod on each node. */
  async ensureProbePods(): Promise<ProbePod[]> {
    return deployProbePods(this.kubectl);
  }

  /** No node, no policy: as after `pulumi destroy`. */
  async ensureEmpty(): Promise<void> {
    const { code, stdout, stderr } = await this.stack.destroy();
    assert.equal(code, 0, `pulumi destroy failed:\n${stdout}\n${stderr}`);
  }
}

/** A group of tests on the shared lab. It leaves the stack's settings and the hosts as it found them. */
export interface Scenario {
  readonly name: string;
  /** Registers its tests (describe and it of node:test); `context()` may be called inside them. */
  readonly define: (context: () => LabContext) => void;
}
