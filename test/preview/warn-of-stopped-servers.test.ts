import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { forgetLastRun } from "../../src/preview/last-run";
import { warnOfStoppedServers } from "../../src/preview/warn-of-stopped-servers";
import type { ClusterPlan } from "../../src/plan/cluster-plan";
import { keepWarnings } from "../helpers/kept-warnings";

const node = (name: string, role: "server" | "agent", kind = "azure") => ({ name, role, kind, network: "edge-azure-westeurope" });
const planOf = (...nodes: object[]) => ({ nodes }) as unknown as ClusterPlan;

describe("servers in Azure that somebody stopped", () => {
  const warnings = keepWarnings() as string[];
  /** What Azure says of the machine's power, or fails with. */
  let state: string | Error;
  let asked: Record<string, unknown>[];

  before(async () => {
    const nodes = [
      { name: "edge-core-0", machine: "id-0 Standard_D2s_v5" },
      { name: "edge-burst-0", machine: "id-1 Standard_D2s_v5" },
    ];
    const call = ({ token, inputs }: { token: string; inputs: Record<string, unknown> }) => {
      if (token === "pulumi:pulumi:readStackOutputs") return { outputs: { nodes } };
      assert.equal(token, "azure-native:compute:getVirtualMachine");
      asked.push(inputs);
      if (typeof state !== "string") throw state;
      return { instanceView: { statuses: [{ code: "ProvisioningState/succeeded" }, { code: `PowerState/${state}` }] } };
    };
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call }, "hybrid-k3s", "lab", true, "organization");
  });
  beforeEach(() => {
    asked = [];
    forgetLastRun();
    warnings.length = 0;
  });

  it("are named with the command that starts them, whether they keep their hardware or not", async () => {
    for (state of ["stopped", "deallocated"]) {
      await warnOfStoppedServers(planOf(node("edge-core-0", "server")));
      assert.equal(
        warnings.pop(),
        `edge-core-0: its machine is ${state}, and the node is down; ` +
          "start it (az vm start -g edge-azure-westeurope -n edge-core-0) and run pulumi up --refresh",
      );
    }
    assert.deepEqual(asked[0], { vmName: "edge-core-0", resourceGroupName: "edge-azure-westeurope", expand: "instanceView" });
  });

  it("run, are about to, or are gone, which others tell: nothing is said", async () => {
    const gone = Object.assign(new Error(), { details: 'Status=404 Code="ResourceNotFound" Message="not found"' });
    for (state of ["running", "starting", gone]) await warnOfStoppedServers(planOf(node("edge-core-0", "server")));
    assert.deepEqual([warnings, asked.length], [[], 3]);
  });

  it("cannot be looked at: that is told, and stops nothing", async () => {
    state = Object.assign(new Error(), { details: 'Status=403 Code="AuthorizationFailed"' });
    await warnOfStoppedServers(planOf(node("edge-core-0", "server")));
    assert.match(warnings.join("\n"), /^edge-core-0: whether its machine runs could not be looked at \(.*AuthorizationFailed.*\)$/);
  });

  it("are asked for only where they were made, and agents and other clouds never", async () => {
    await warnOfStoppedServers(planOf(node("edge-new-0", "server"), node("edge-burst-0", "agent"), node("edge-core-0", "server", "aws")));
    assert.deepEqual([asked, warnings], [[], []]);
  });
});
