import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { forgetLastRun } from "../../src/preview/last-run";
import type { PlacedMachine } from "../../src/nodes/node";
import { warnOfLostMachines } from "../../src/preview/warn-of-lost-machines";
import type { ClusterPlan, NodePlan } from "../../src/plan/cluster-plan";
import { keepWarnings } from "../helpers/kept-warnings";

const unknown = () => pulumi.output(pulumi.unknown as unknown as string);

/** A machine that is to be made, as a preview has it. */
const lost = (role: NodePlan["role"]): PlacedMachine => ({
  plan: { name: "edge-core-0", role, kind: "aws" } as NodePlan,
  machine: { id: unknown(), resourceId: unknown(), type: "t3.large", typeNow: unknown() },
});
const cluster = (allowServerReplacement: boolean) => ({ name: "edge", allowServerReplacement }) as ClusterPlan;

describe("a machine that the last run saw and the clouds hold no more", () => {
  const warnings = keepWarnings();
  let tailnetIp: string;

  before(async () => {
    const call = () => ({ outputs: { nodes: [{ name: "edge-core-0", machine: "i-1 t3.large", tailnetIp }] } });
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call }, "hybrid-k3s", "lab", true, "organization");
  });
  beforeEach(() => {
    tailnetIp = "100.64.0.1";
    forgetLastRun();
    (warnings as string[]).length = 0;
  });

  it("is a server: refused in the preview, with the ways on", async () => {
    await assert.rejects(warnOfLostMachines([lost("server")], cluster(false)), (error) => {
      assert.ok(error instanceof pulumi.RunError);
      assert.match(
        error.message,
        /^edge-core-0: its machine i-1 is gone from the cloud \(terminated by somebody\).*would be an empty cluster; nothing was made or deleted/,
      );
      assert.match(
        error.message,
        /`pulumi destroy` and `pulumi up`; or set hybrid-k3s:cluster\.allowServerReplacement: true, `pulumi up` \(without --refresh\)/,
      );
      return true;
    });
    assert.deepEqual(warnings, []);
  });

  it("is a server in Azure, whose disk is kept: refused with where that is", async () => {
    const { machine } = lost("server");
    const plan = { name: "edge-core-0", role: "server", kind: "azure", network: "edge-azure-westeurope" } as NodePlan;
    await assert.rejects(warnOfLostMachines([{ plan, machine }], cluster(false)), (error) => {
      assert.match((error as Error).message, /Its disk edge-core-0-disk is kept in the resource group edge-azure-westeurope: /);
      assert.match((error as Error).message, /az disk delete -g edge-azure-westeurope -n edge-core-0-disk\. If the machine still stands/);
      return true;
    });
  });

  it("is a server that may be replaced: told", async () => {
    await warnOfLostMachines([lost("server")], cluster(true));
    assert.match(warnings.join("\n"), /^edge-core-0: its machine i-1 is gone .* cleared before the new one joins\.$/);
  });

  it("is a server that never came up: told", async () => {
    tailnetIp = "";
    await warnOfLostMachines([lost("server")], cluster(false));
    assert.equal(warnings.length, 1);
  });

  it("is an agent: told", async () => {
    await warnOfLostMachines([lost("agent")], cluster(false));
    assert.equal(warnings.length, 1);
  });

  it("is a server whose machine stays though Azure is to tell its own id again: nothing", async () => {
    const { plan, machine } = lost("server");
    await warnOfLostMachines([{ plan, machine: { ...machine, resourceId: pulumi.output("/subscriptions/1/vm") } }], cluster(false));
    assert.deepEqual(warnings, []);
  });
});
