import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Target } from "./tailscale-api-target";
import { emulationOf, tokenOf } from "./tailscale-api-target";

interface Device {
  readonly id: string;
  readonly nodeId: string;
  readonly hostname: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly tags?: readonly string[];
  readonly user: string;
  readonly keyExpiryDisabled: boolean;
  readonly authorized: boolean;
  readonly lastSeen: string;
  readonly advertisedRoutes?: readonly string[];
  readonly enabledRoutes?: readonly string[];
}

/** Devices. */
export function defineDeviceCases(target: Target): void {
  const changesTailnet = target.emulation === undefined && "would change a real tailnet";
  const devicesPath = `/tailnet/${target.tailnet}/devices`;
  const notFound = { message: "no manageable device matching this ID found" };
  const list = async (query = "?fields=all"): Promise<readonly Device[]> => {
    const { json } = await target.ask("GET", `${devicesPath}${query}`, { token: await tokenOf(target) });
    return json["devices"] as readonly Device[];
  };
  const join = async (hostname: string, flags: readonly string[] = []): Promise<void> => {
    const body = { capabilities: { devices: { create: { preauthorized: true, tags: [target.tag] } } } };
    const { json } = await target.ask("POST", "/tailnet/-/keys", { token: await tokenOf(target), body });
    const result = await emulationOf(target).login(hostname, String(json["key"]), flags);
    assert.equal(result.code, 0, result.output);
  };

  describe("devices", () => {
    it("answers 404 for a device that is not there", async () => {
      const answer = await target.ask("GET", "/device/999999999999", { token: await tokenOf(target) });
      assert.deepEqual([answer.status, answer.json], [404, notFound]);
    });

    it("describes a tagged device, its routes only where all fields are asked for", { skip: changesTailnet }, async () => {
      await join("rack-1", ["--advertise-routes=10.42.0.0/24,192.168.5.0/24"]);
      const [device] = (await list()).filter(({ hostname }) => hostname === "rack-1");
      assert.ok(device);
      assert.equal(device.name, "rack-1.tailnet.test");
      assert.deepEqual(device.tags, [target.tag]);
      assert.deepEqual([device.user, device.keyExpiryDisabled, device.authorized], ["tagged-devices", true, true]);
      assert.match(device.addresses[0] ?? "", /^100\.64\.0\.\d+$/);
      assert.ok(Date.now() - Date.parse(device.lastSeen) < 60_000);
      assert.deepEqual([...(device.advertisedRoutes ?? [])].sort(), ["10.42.0.0/24", "192.168.5.0/24"]);
      assert.deepEqual(device.enabledRoutes, ["10.42.0.0/24"], "what autoApprovers cover");
      const [plain] = await list("");
      assert.ok(plain && !("enabledRoutes" in plain));
      assert.deepEqual(await list("?fields=all&hostname=nobody"), []);
    });

    it("gives a taken name a suffix; deleting by id frees it", { skip: changesTailnet }, async () => {
      const token = await tokenOf(target);
      await join("twin");
      await join("twin");
      const twins = (await list()).filter(({ hostname }) => hostname === "twin");
      assert.deepEqual(twins.map(({ name }) => name === "twin.tailnet.test").sort(), [false, true]);
      for (const { id, nodeId } of twins.slice(0, 1)) {
        assert.equal((await target.ask("GET", `/device/${nodeId}`, { token })).json["id"], id, "either identifier names it");
        assert.equal((await target.ask("DELETE", `/device/${nodeId}`, { token })).status, 200);
        const again = await target.ask("DELETE", `/device/${id}`, { token });
        assert.deepEqual([again.status, again.json], [404, notFound]);
      }
      assert.equal((await list()).filter(({ hostname }) => hostname === "twin").length, 1);
    });

    it("gives a living device other tags, and only those that the client gives out", { skip: changesTailnet }, async () => {
      const { admin } = emulationOf(target);
      await join("tagged");
      const look = async () => (await list()).find(({ hostname }) => hostname === "tagged");
      const before = await look();
      const reader = await tokenOf(target, await admin.call("createClient", { scopes: ["devices:core:read"] }));
      const set = (token: string, tags: readonly string[]) =>
        target.ask("POST", `/device/${before?.nodeId}/tags`, { token, body: { tags } });
      assert.equal((await set(reader, [target.tag])).status, 403);
      const unknown = await set(await tokenOf(target), [target.tag, "tag:nobody"]);
      assert.deepEqual(
        [unknown.status, unknown.json],
        [400, { message: `requested tags [${target.tag} tag:nobody] are invalid or not permitted` }],
      );
      assert.equal((await set(await tokenOf(target), [target.tag])).status, 200);
      const now = await look();
      assert.deepEqual([now?.tags, now?.addresses, now?.id], [[target.tag], before?.addresses, before?.id]);
    });

    it("needs devices:core to delete and devices:routes for routes", { skip: changesTailnet }, async () => {
      const { admin } = emulationOf(target);
      await join("kiosk-1", ["--advertise-routes=192.168.9.0/24"]);
      const device = (await list()).find(({ hostname }) => hostname === "kiosk-1");
      const reader = await tokenOf(target, await admin.call("createClient", { scopes: ["devices:core:read"] }));
      assert.equal((await target.ask("GET", `/device/${device?.id}`, { token: reader })).status, 200);
      assert.equal((await target.ask("DELETE", `/device/${device?.id}`, { token: reader })).status, 403);
      const routes = { routes: ["192.168.9.0/24"] };
      assert.equal((await target.ask("POST", `/device/${device?.id}/routes`, { token: await tokenOf(target), body: routes })).status, 403);
      const router = await tokenOf(target, await admin.call("createClient", { scopes: ["devices:routes"] }));
      const answer = await target.ask("POST", `/device/${device?.id}/routes`, { token: router, body: routes });
      assert.deepEqual(answer.json, { advertisedRoutes: ["192.168.9.0/24"], enabledRoutes: ["192.168.9.0/24"] });
    });
  });
}
