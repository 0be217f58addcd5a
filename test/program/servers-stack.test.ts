import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { keepOptions } from "../helpers/kept-options";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { recordProgram, runOf } from "../helpers/record-program";
import { threeServers } from "../helpers/three-servers";

interface Script {
  readonly previous: string;
  readonly wanted: { readonly on?: string; readonly environment: Readonly<Record<string, string>> };
}

interface Tagged {
  readonly tags: readonly string[];
  readonly wanted: object;
}

describe("the program with three servers", () => {
  it("has one begin the cluster and the others join it, with nothing of a server in what another node hangs on", async () => {
    const options = keepOptions();
    const { registrations, outputs } = await recordProgram(runOf("lab", threeServers(labSettings(labWithFixedKeys()))));
    const script = (name: string) => registrations.find((made) => made.name === name)?.inputs as Script;

    for (const name of ["rack-1", "rack-2", "rack-3"]) {
      const { previous, wanted } = script(`${name}-install`);
      const { CONFIG_YAML = "", SERVER_IP, SEVERAL_SERVERS, DRAIN_ID } = wanted.environment;
      assert.deepEqual([previous, SERVER_IP, SEVERAL_SERVERS, DRAIN_ID], [`${name}-join-id`, "", "true", `${name}-drain-id`]);
      assert.match(CONFIG_YAML, /^token-file: \/etc\/hybrid-k3s\/server-token$/m);
      // Which it starts with, its host decides, and another server changes nothing of it.
      assert.doesNotMatch(CONFIG_YAML, /^(server|cluster-init|tls-san):/m);
    }
    const agent = script("kiosk-1-install");
    assert.deepEqual([agent.previous, agent.wanted.environment["SERVER_IP"]], ["kiosk-1-drain-id kiosk-1-token-id", ""]);
    assert.doesNotMatch(agent.wanted.environment["CONFIG_YAML"] ?? "", /^server:|server-token/m);

    for (const name of ["rack-1", "rack-2", "rack-3", "kiosk-1"]) {
      const { wanted } = script(`${name}-wait-ready`);
      assert.deepEqual([wanted.on, wanted.environment["VOTER"]], [undefined, name === "kiosk-1" ? undefined : "true"], name);
      assert.match(options.get(`${name}-drain`)?.deletedWith ?? "", /HybridCluster::cluster$/);
    }
    const waitsFor = (name: string, other: string) => options.get(name)?.dependsOn.some((urn) => urn.endsWith(`::${other}`));
    // The first server begins the cluster and is asked. The others wait for that, and the agents do not wait for them.
    assert.deepEqual(
      [
        waitsFor("cluster-access", "rack-1-install"),
        waitsFor("rack-1-install", "cluster-access"),
        waitsFor("rack-2-install", "cluster-access"),
        waitsFor("rack-3-install", "rack-2-install"),
        waitsFor("kiosk-1-install", "rack-1-install"),
        waitsFor("kiosk-1-install", "rack-2-install"),
      ],
      [true, false, true, false, true, false],
    );
    assert.equal(script("cluster-access").previous, "");
    // What guards an only server stays in the state and lets everything pass.
    assert.deepEqual(options.get("cluster-protect-server")?.ignoreChanges, ["triggers"]);

    // In place too, for a living server whose key was made without it.
    const made = (name: string) => registrations.find((resource) => resource.name === name)?.inputs as Tagged | undefined;
    assert.deepEqual([made("rack-3-key")?.tags, made("kiosk-1-key")?.tags], [["tag:k3s-edge", "tag:k3s-edge-server"], ["tag:k3s-edge"]]);
    assert.deepEqual([made("rack-3-tags")?.wanted, made("kiosk-1-tags")], [{ node: "rack-3", tags: ["tag:k3s-edge-server"] }, undefined]);
    assert.deepEqual(options.get("rack-3-key")?.ignoreChanges, ["tags"]);
    assert.deepEqual([waitsFor("rack-3-tags", "rack-3-join"), waitsFor("rack-3-install", "rack-3-tags")], [true, true]);
    assert.equal(outputs["serverToken"], "[secret]");
  });
});
