import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { configError } from "../../src/config/config-error";

const fault = (path: string) => ({ path: `hybrid-k3s:${path}`, problem: "is wrong", remedy: "Put it right." });

describe("config-error", () => {
  it("lists all faults in the order of their paths, in one RunError", () => {
    const error = configError("hybrid-k3s/dev", [fault("vpn.tag"), fault("pools.a.hosts[10].name"), fault("pools.a.hosts[9].name")]);
    assert.ok(pulumi.RunError.isInstance(error));
    assert.equal(
      error.message,
      [
        "The config of stack hybrid-k3s/dev has 3 faults; nothing was changed.",
        "  - hybrid-k3s:pools.a.hosts[9].name: is wrong. Put it right.",
        "  - hybrid-k3s:pools.a.hosts[10].name: is wrong. Put it right.",
        "  - hybrid-k3s:vpn.tag: is wrong. Put it right.",
      ].join("\n"),
    );
  });

  it("speaks of one fault in the singular", () => {
    assert.match(
      configError("hybrid-k3s/dev", [fault("vpn.tag")]).message,
      /^The config of stack hybrid-k3s\/dev has 1 fault; nothing was changed\.\n/,
    );
  });
});
