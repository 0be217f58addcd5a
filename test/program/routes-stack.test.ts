import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { type Registration, recordProgram, runOf } from "../helpers/record-program";

// The same stack with the integration k3s.
const before = (JSON.parse(readFileSync(path.join(__dirname, "../golden/lab.golden.json"), "utf8")) as { registrations: Registration[] })
  .registrations;

const named = ({ name, type }: Registration) => `${type.split(":").at(-1) ?? ""} ${name}`;

describe("the program with vpn.integration: routes", () => {
  it("differs from k3s's own integration in what k3s starts from, so that a living cluster changes in place", async () => {
    const stack = labSettings(labWithFixedKeys());
    stack["hybrid-k3s:vpn"].integration = "routes";
    const { registrations } = await recordProgram(runOf("lab", stack));
    assert.deepEqual(registrations.map(named), before.map(named));
    const changed = registrations.filter(({ inputs }, i) => JSON.stringify(inputs) !== JSON.stringify(before[i]?.inputs));
    assert.deepEqual(
      changed.map(({ name }) => name),
      [
        "cluster-kubeconfig",
        "kiosk-1-install",
        "kiosk-1-wait-ready",
        "rack-1-access",
        "rack-1-install",
        "rack-1-wait-ready",
        "rack-2-install",
        "rack-2-wait-ready",
      ],
    );
    // What makes a link run as new stands in `previous`.
    for (const { name, inputs } of changed) {
      const links = [{ inputs }, before.find((other) => other.name === name)].map(
        (link) => (link?.inputs as { previous: string }).previous,
      );
      assert.equal(links[0], links[1], name);
    }
    const installs = changed.filter(({ name }) => name.endsWith("-install")).map(({ inputs }) => JSON.stringify(inputs));
    for (const install of installs) {
      assert.match(install, /flannel-conf: \/etc\/hybrid-k3s\/flannel\.json/);
      assert.match(install, /"POD_CIDR":"10\.42\.0\.0\/16"/);
      assert.doesNotMatch(install, /vpn-auth/);
    }
  });
});
