import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { parse } from "yaml";
import { findLeftovers } from "../../../lab/checks/nothing-left";
import { adminTag, controlOf } from "../../../lab/console";
import { waitUntil } from "../../../lab/hosts/wait-until";
import type { StackSettings } from "../../../lab/stack-config";
import type { Scenario } from "../lab-context";
import { expectFailure, expectSuccess, keptKeys, readyNodes, viewDevices } from "../nodes-view";
import { kubectlThrough, waitWhole, withServers } from "../servers-view";
import { livePolicy } from "../shared-tailnet";
import { startsOf } from "../untouched";

const SERVERS = ["rack-1", "rack-2", "rack-3"] as const;
const SERVICE = "svc:k3s-api";
const NOTHING = { advertised: [], served: {} };
const HOSTED = { advertised: [SERVICE], served: { [SERVICE]: { TCP: { "6443": { TCPForward: "127.0.0.1:6443" } } } } };
const WAIT = { timeoutMs: 60_000, intervalMs: 500 };

interface Policy {
  readonly grants?: readonly unknown[];
  readonly autoApprovers: { readonly services?: unknown };
}

/**
 * A Tailscale Service in front of three servers, as far as a headscale lets it come: it approves no host of one and gives out no address, so that nobody
 * reaches the API by it here. What the stack makes is looked at where it stands: in the API, the policy, the certificates, the hosts.
 */
export const apiService: Scenario = {
  name: "api-service",
  define: (context) => {
    let settings: StackSettings;
    const services = async () => (await controlOf(context().lab).admin.call("listServices")).services;
    const starts = () => Promise.all(SERVERS.map((name) => startsOf(context().lab.host(name), "k3s")));
    const setService = (name?: string) => {
      context().stack.edit(({ "hybrid-k3s:vpn": vpn }) => {
        if (name === undefined) Reflect.deleteProperty(vpn, "apiService");
        else vpn.apiService = name;
      });
    };
    /** What a host's tailscaled does about Services, and tells the tailnet. */
    const hosted = async (name: (typeof SERVERS)[number]) => {
      const read = async (command: string) => JSON.parse(await context().lab.host(name).exec(command)) as Readonly<Record<string, unknown>>;
      const [prefs, status] = await Promise.all([read("tailscale debug prefs"), read("tailscale serve status --json")]);
      return { advertised: prefs["AdvertiseServices"] ?? [], served: status["Services"] ?? {} };
    };
    const assertPolicy = async (expected: Policy) => {
      const { grants, autoApprovers } = JSON.parse(await livePolicy(context().lab)) as Policy;
      assert.deepEqual(
        { grants, services: autoApprovers.services },
        { grants: expected.grants, services: expected.autoApprovers.services },
      );
    };

    before(async () => {
      const { lab, stack } = context();
      await context().ensureEmpty();
      if (!lab.host("rack-3").isOn) await lab.host("rack-3").boot();
      settings = stack.settings();
      stack.edit(withServers(context(), ...SERVERS));
      setService("k3s-api");
    });

    it("is refused before anything is made where the client may not make it, with the scope that it lacks", async () => {
      const { lab, stack } = context();
      const policy = await livePolicy(lab);
      const said = await expectFailure(stack.up());
      assert.match(
        said,
        /The credential for the tailnet's API may not make svc:k3s-api.* \(403: .*\)\. Give the OAuth client the scope services \(write\)/,
      );
      assert.deepEqual([await livePolicy(lab), (await viewDevices(lab)).size, await keptKeys(lab)], [policy, 0, []]);
    });

    it("comes with one up: the Service, the policy's lines, and each server behind it, which waits for the tailnet's approval", async () => {
      const { lab, stack, kubectl } = context();
      const scopes = ["auth_keys", "policy_file", "devices:core", "services"];
      const client = await controlOf(lab).admin.call("createClient", { scopes, tags: [adminTag] });
      stack.edit((edited) => (edited["tailscale:oauthClientId"] = client.id));
      await stack.setSecret("tailscale:oauthClientSecret", client.secret);
      const said = await expectSuccess(stack.up());
      await stack.saveKubeconfig();
      assert.deepEqual(await readyNodes(kubectl), ["kiosk-1", ...SERVERS]);

      const [service, ...others] = await services();
      assert.deepEqual([others, service?.name, service?.ports, service?.tags], [[], SERVICE, ["tcp:6443"], []]);
      assert.match(service?.comment ?? "", /^hybrid-k3s: edge \(stack hybrid-k3s\/lab\)$/);
      await assertPolicy({
        grants: [{ src: ["group:ops"], dst: [SERVICE], ip: ["tcp:6443"] }],
        autoApprovers: { services: { [SERVICE]: ["tag:k3s-edge-server"] } },
      });
      for (const name of SERVERS) {
        assert.deepEqual(await hosted(name), HOSTED, name);
        // The lab's control server approves none, and that is what a run says of one that has not yet.
        assert.match(
          said,
          new RegExp(`${name}: offers svc:k3s-api, and the tailnet sends nothing to it yet, .*approve this one at https://login`),
        );
      }
    });

    it("has its names and addresses in each server's certificate, and a context of the kubeconfig", async () => {
      const { stack } = context();
      const [{ addrs } = assert.fail("there is no Service")] = await services();
      for (const server of SERVERS) {
        const through = await kubectlThrough(context(), server);
        for (const name of ["k3s-api", "k3s-api.tailnet.test", ...addrs]) {
          const { code, stderr } = await through(["--tls-server-name", name, "get", "--raw", "/version"]);
          assert.equal(code, 0, `${server} as ${name}: ${stderr}`);
        }
        const { code, stderr } = await through(["--tls-server-name", "k3s-other", "get", "--raw", "/version"]);
        assert.notEqual(code, 0);
        assert.match(stderr, /certificate is valid for .*not k3s-other/);
      }
      const { apiService: told, kubeconfig } = await stack.outputs();
      assert.deepEqual(told, { name: SERVICE, addresses: addrs, context: "edge-k3s-api" });
      const { clusters } = parse(String(kubeconfig)) as { clusters: readonly { name: string; cluster: { server: string } }[] };
      assert.equal(clusters.find(({ name }) => name === "edge-k3s-api")?.cluster.server, `https://${addrs[0]}:6443`);
    });

    it("changes nothing at a second up", async () => {
      await expectSuccess(context().stack.up(["--expect-no-changes"]));
    });

    it("has no server behind it whose k3s is stopped, and has it back with its k3s, and after a restart of tailscaled", async () => {
      const { lab, kubectl } = context();
      const host = lab.host("rack-3");
      await host.exec("systemctl stop k3s");
      assert.deepEqual(await hosted("rack-3"), { ...HOSTED, advertised: [] });
      await host.exec("systemctl start k3s");
      assert.deepEqual(await hosted("rack-3"), HOSTED);
      await host.exec("systemctl restart tailscaled");
      await waitUntil("tailscaled answers again", async () => (await host.run(["tailscale", "debug", "prefs"])).code === 0, WAIT);
      assert.deepEqual(await hosted("rack-3"), HOSTED);
      await waitWhole(context(), ["kiosk-1", ...SERVERS]);
      assert.deepEqual(await readyNodes(kubectl), ["kiosk-1", ...SERVERS]);
    });

    it("goes from under a living cluster without a trace, one server at a time", async () => {
      const { lab, stack } = context();
      const before = await starts();
      setService();
      await expectSuccess(stack.up());
      for (const [i, now] of (await starts()).entries()) assert.notDeepEqual(now, before[i], SERVERS[i]);
      assert.deepEqual(await services(), []);
      await assertPolicy({ autoApprovers: {} });
      for (const name of SERVERS) {
        assert.deepEqual(await hosted(name), NOTHING, name);
        const left = await lab.host(name).exec("find /etc -name '*api-service*'");
        assert.equal(left, "", name);
      }
      assert.equal((await stack.outputs())["apiService"], undefined);
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });

    it("comes to a living cluster, as its preview shows, and is not taken from somebody who has a Service of this name", async () => {
      const { lab, stack } = context();
      setService("k3s-api");
      const { code, stdout, stderr } = await stack.preview();
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /cluster-api-service +create/);
      for (const name of SERVERS) assert.match(stdout, new RegExp(`${name}-install +update`));
      assert.doesNotMatch(stdout, /replace|delete/);
      await expectSuccess(stack.up());
      for (const name of SERVERS) assert.deepEqual(await hosted(name), HOSTED, name);
      const [mine = assert.fail("there is no Service")] = await services();
      // As where its comment says that another stack's cluster of this name has it.
      await controlOf(lab).admin.call("editService", { name: SERVICE, comment: "hybrid-k3s: edge (stack shop/prod)" });
      assert.match(await expectFailure(stack.up()), /The tailnet has a Service svc:k3s-api already, which is not this stack's/);
      await controlOf(lab).admin.call("editService", { name: SERVICE, comment: mine.comment });
      await expectSuccess(stack.up(["--expect-no-changes"]));
    });

    it("leaves hosts and tailnet as they were, the Service too", async () => {
      await context().ensureEmpty();
      assert.deepEqual(await findLeftovers(context().lab, context().before), []);
    });

    after(async () => {
      await context().ensureEmpty();
      context().stack.edit((edited) => {
        for (const key of Object.keys(edited)) Reflect.deleteProperty(edited, key);
        Object.assign(edited, settings);
      });
    });
  },
};
