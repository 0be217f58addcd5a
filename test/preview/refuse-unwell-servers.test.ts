import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { forgetLastRun } from "../../src/preview/last-run";
import { refuseUnwellServers } from "../../src/preview/refuse-unwell-servers";
import { keepWarnings } from "../helpers/kept-warnings";

const [OLD, NEW] = ["v1.34.7+k3s1", "v1.35.4+k3s1"];
type Context = Parameters<typeof refuseUnwellServers>[0];
const contextOf = (more: object = {}) =>
  ({
    plan: { k3sVersion: NEW, allowUntestedK3s: false, tailnet: { clientVersion: "1.88.3" }, ...more },
    ssh: { sshAgent: false },
  }) as unknown as Context;
const serverOf = (name: string) => ({ name, host: { address: "192.0.2.1", port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" } });
const three = ["rack-1", "rack-2", "rack-3"].map(serverOf);

describe("another release for several servers", () => {
  const warnings = keepWarnings() as string[];
  let cluster: object | undefined;
  let asked: number;
  const refusal = (found: readonly string[] | Error, context = contextOf(), servers = three) =>
    refuseUnwellServers(context, servers, () => {
      asked++;
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
    }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );

  before(async () => {
    const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({ outputs: { cluster } }) };
    await pulumi.runtime.setMocks(mocks, "hybrid-k3s", "lab", true, "organization");
  });
  beforeEach(() => {
    forgetLastRun();
    cluster = { k3sVersion: OLD, vpnVersion: "1.88.3" };
    asked = warnings.length = 0;
  });

  it("is refused while one is not Ready or does not vote, with what to do", async () => {
    assert.equal(await refusal([]), "");
    const said = await refusal(["rack-2 is not Ready", "rack-3 is no voter of etcd"]);
    assert.match(
      said,
      /while not all of them are well:\n- rack-2 is not Ready\n- rack-3 is no voter of etcd\nNothing was changed\. Bring them back first/,
    );
    assert.equal(await refusal(["rack-2 is not Ready"], contextOf({ allowUntestedK3s: true })), "");
    assert.match(warnings[0] ?? "", /- rack-2 is not Ready\nGoing on, as cluster\.allowUntestedK3s says\./);
  });

  it("is another tailscale too", async () => {
    cluster = { k3sVersion: NEW, vpnVersion: "1.86.0" };
    assert.match(await refusal(["rack-2 is not Ready"]), /- rack-2 is not Ready/);
  });

  it("is a warning where nobody tells", async () => {
    assert.equal(await refusal(new Error("no way in")), "");
    assert.deepEqual(warnings, ["Whether all servers are well could not be seen: no way in"]);
  });

  it("costs no session where no release changes, where there is one server, and before the first run", async () => {
    assert.equal(await refusal(["x is not Ready"], contextOf({ k3sVersion: OLD })), "");
    assert.equal(await refusal(["x is not Ready"], contextOf(), three.slice(0, 1)), "");
    cluster = undefined;
    forgetLastRun();
    assert.equal(await refusal(["x is not Ready"]), "");
    assert.equal(asked, 0);
  });
});
