import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EngineOutput, lastErrors } from "../../lab/screen/engine-output";

describe("the engine's output", () => {
  it("tells what each node is doing, however it is cut into pieces", () => {
    const output = new EngineOutput(["edge-burst-0", "rack-1", "rack-2"]);
    const text = [
      " +  pulumi:pulumi:Stack hybrid-k3s-lab creating (0s) ",
      " +  hybrid-k3s:k3s:K3sServer rack-1 creating (0s) ",
      "@ updating....",
      " +  pulumi-nodejs:dynamic/remote:Preflight rack-1-preflight creating (0s) ",
      " +  pulumi-nodejs:dynamic/remote:Preflight rack-1-preflight created (1s) ",
      " +  pulumi:pulumi:Stack hybrid-k3s-lab creating (6s) rack-1: installing tailscale 1.88.3",
      " +  pulumi:pulumi:Stack hybrid-k3s-lab creating (6s) error: not a node",
      " +- tailscale:index:TailnetKey rack-2-key replacing (0s) ",
      " -  aws:ec2:Instance edge-burst-0-vm deleting (0s) ",
      " -  aws:ec2:Instance edge-burst-0-vm deleted (0.5s) ",
      " +  command:local:Command cluster-protect-server created (0.01s) ",
      " ~  pulumi-nodejs:dynamic/remote:Script rack-2-wait-ready refreshing (0s) ",
      "",
    ].join("\n");
    for (const piece of text.match(/[^]{1,7}/g) ?? []) output.read(piece);
    assert.deepEqual(Object.fromEntries(output.nodes), {
      "rack-1": "installing tailscale 1.88.3",
      "rack-2": "replacing key",
      "edge-burst-0": "vm deleted",
    });
    assert.equal(output.resources, 3);
  });

  it("comes down to its last errors where a run fails, without warnings and what else it says", () => {
    const output = [
      "Updating (lab):",
      " +  pulumi-nodejs:dynamic/remote:Script rack-1-install **creating failed** error: k3s did not start",
      "Diagnostics:",
      "  pulumi:pulumi:Stack (hybrid-k3s-lab):",
      "    warning: a pool has no node",
      "    rack-1: installing k3s",
      "    error: update failed",
      "",
      "  pulumi-nodejs:dynamic/remote:Script (rack-1-k3s):",
      "    error: k3s did not start:",
      "      its journal's last line",
      "    warning: seen before",
      "",
      "  command:local:Command (rack-2-drain):",
      "    warning: nothing to drain",
      "",
      "Resources:",
      "    + 12 created",
      "    error: not among the diagnostics",
    ].join("\n");
    assert.deepEqual(lastErrors(output), [
      "  pulumi:pulumi:Stack (hybrid-k3s-lab):",
      "    error: update failed",
      "  pulumi-nodejs:dynamic/remote:Script (rack-1-k3s):",
      "    error: k3s did not start:",
      "      its journal's last line",
    ]);
  });

  it("comes down to its end where it told no error, and never to more than a screen", () => {
    assert.deepEqual(lastErrors("one\n\ntwo\n"), ["one", "two"]);
    assert.deepEqual(lastErrors("one\nerror: no stack named 'lab' found\n"), ["error: no stack named 'lab' found"]);
    const many = Array.from({ length: 500 }, (_none, i) => `error: ${i}`);
    assert.deepEqual(lastErrors(many.join("\n")), many.slice(-40));
  });
});
