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
      assert.match(CONFIG_YAML, /^tls-san:\n {2}- rack-1\n {2}- rack-2\n {2}- rack-3$/m);
      // Which of these a server starts with, its host decides.
      assert.doesNotMatch(CONFIG_YAML, /^(server|cluster-init):/m);
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

    const tags = (name: string) => (registrations.find((made) => made.name === `${name}-key`)?.inputs as { readonly tags: string[] }).tags;
    assert.deepEqual([tags("rack-3"), tags("kiosk-1")], [["tag:k3s-edge", "tag:k3s-edge-server"], ["tag:k3s-edge"]]);
    assert.equal(outputs["serverToken"], "[secret]");
  });
});
