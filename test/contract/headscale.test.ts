import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { after, describe, it } from "node:test";
import { HeadscaleClient } from "../../lab/tailscale-api/headscale-client";
import { enterPrivateNetwork } from "./tailscale-api-network";
import { type Emulation, startEmulation } from "./tailscale-api-setup";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

interface Node {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly ipAddresses: readonly string[];
  readonly forcedTags?: readonly string[];
  readonly tags?: readonly string[];
  readonly availableRoutes: readonly string[];
  readonly approvedRoutes: readonly string[];
}

const POLICY = `{
	// somebody's
	"groups": {"group:ops": ["alice@example.org"]},
	"tagOwners": {"tag:edge": []},
	"acls": [{"action": "accept", "src": ["tag:edge"], "dst": ["tag:edge:6443"]},],
}
`;

const CLUSTER = {
  ...{ name: "k3s", tag: "tag:k3s-edge", tagOwners: [], podCidr: "10.42.0.0/16" },
  ...{ operators: ["group:ops", "alice@example.org"], nodePorts: [10250] },
};

/** What the mode headscale relies on of headscale's REST interface: the one that the lab runs, or LAB_HEADSCALE. */
async function defineCases(emulation: Emulation): Promise<void> {
  const { headscale } = emulation.prepared.apiConfig;
  const apiKey = await HeadscaleClient.createApiKey(headscale);
  const ca = readFileSync(headscale.caFile);
  const ask = (method: string, path: string, body?: unknown, key = apiKey): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { method, ca, timeout: 10_000, headers: { authorization: `Bearer ${key}` } };
      const outgoing = request(`https://${headscale.hostName}${path}`, options, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text, json: parseObject(text) }));
      });
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const version = await ask("GET", "/version");
  const minor = version.status === 404 ? 26 : Number(/^v?0\.(\d+)\./.exec(String(version.json["version"]))?.[1]);
  const makeKey = async (more: object = {}) => {
    const { json } = await ask("POST", "/api/v1/preauthkey", {
      ...{ reusable: false, ephemeral: false, aclTags: ["tag:edge"], expiration: new Date(Date.now() + 600_000).toISOString() },
      ...more,
    });
    return json["preAuthKey"] as { id: string; key: string };
  };
  const nodes = async () => (await ask("GET", "/api/v1/node")).json["nodes"] as readonly Node[];
  const userId = async (name: string) => {
    const { users } = (await ask("GET", `/api/v1/user?name=${name}`)).json as { users: { id: string; name: string }[] };
    return users.find((user) => user.name === name)?.id;
  };

  describe(`headscale 0.${minor}`, () => {
    it("says which release it is, or is the one that does not but describes the approval of routes", async () => {
      assert.ok(minor >= 26, version.text);
      const { text } = await ask("GET", "/swagger/v1/openapiv2.json");
      assert.match(text, /\/api\/v1\/node\/\{nodeId\}\/approve_routes/);
    });

    it("refuses a key that it does not know with one word", async () => {
      const { status, text } = await ask("GET", "/api/v1/user", undefined, "unknown.unknown");
      assert.deepEqual([status, text], [minor >= 27 ? 401 : 500, "Unauthorized"]);
    });

    it("lists no nodes as an empty list", async () => assert.deepEqual(await nodes(), []));

    it("says in these words that it has no policy", async () => {
      const { status, json } = await ask("GET", "/api/v1/policy");
      assert.deepEqual([status, /acl policy not found/.test(String(json["message"]))], [500, true]);
    });

    it("keeps a policy letter for letter, and says when it was stored", async () => {
      const stored = await ask("PUT", "/api/v1/policy", { policy: POLICY });
      assert.equal(stored.status, 200, stored.text);
      const { json } = await ask("GET", "/api/v1/policy");
      assert.equal(json["policy"], POLICY);
      assert.match(String(json["updatedAt"]), /^20\d\d-/);
    });

    it("refuses a policy with gRPC's code and its reason, and keeps the one before", async () => {
      const bad = await ask("PUT", "/api/v1/policy", { policy: POLICY.replace('"src": ["tag:edge"]', '"src": ["tag:undefined"]') });
      assert.equal(bad.status, 500);
      assert.ok(Number.isInteger(bad.json["code"]));
      assert.match(String(bad.json["message"]), /tag:undefined/i);
      assert.equal((await ask("GET", "/api/v1/policy")).json["policy"], POLICY);
    });

    it("ignores in 0.26 what it does not know of a policy, refuses it later, and runs tests from 0.29 on", async () => {
      const withUnknown = POLICY.replace('"acls"', '"bogus": [], "acls"');
      const failing = '"tests": [{"src": "tag:edge", "accept": ["tag:edge:22"]}], "acls"';
      const [unknown, tested] = [
        await ask("PUT", "/api/v1/policy", { policy: withUnknown }),
        await ask("PUT", "/api/v1/policy", { policy: POLICY.replace('"acls"', failing) }),
      ];
      assert.deepEqual([unknown.status, tested.status], minor === 26 ? [200, 200] : [500, 500]);
      await ask("PUT", "/api/v1/policy", { policy: POLICY });
    });

    it("takes a cluster's lines for either way of its pods: as acls, and from 0.29 on as grants", async () => {
      const traits = await traitsOf({ mode: "headscale", loginServer: `https://${headscale.hostName}`, apiKey, caPem: ca.toString() });
      assert.equal(traits?.server, `headscale 0.${minor}`);
      const { mergePolicy } = await import("../../src/operator-tools/policy/index.mjs");
      const grants = POLICY.replace(/"acls".*/, '"grants": [{"src": ["tag:edge"], "dst": ["tag:edge"], "ip": ["6443"]}],');
      for (const policy of minor >= 29 ? [POLICY, grants] : [POLICY]) {
        for (const way of [{}, { integration: "flannel-iface" }] as const) {
          const { text, refusals } = mergePolicy(policy, { ...CLUSTER, ...way, traits });
          assert.deepEqual(refusals, []);
          assert.match(text, /"(dst": \["tag:k3s-edge:10250"\]|ip": \["10250"\])/);
          const stored = await ask("PUT", "/api/v1/policy", { policy: text });
          assert.equal(stored.status, 200, `${stored.text}\n${text}`);
        }
      }
      await ask("PUT", "/api/v1/policy", { policy: POLICY });
    });

    it(
      "from 0.29 on fails a test whose tag has no device, though the rules let it through",
      { skip: minor < 29 && "runs no tests" },
      async () => {
        const passing = '"tests": [{"src": "tag:edge", "accept": ["tag:edge:6443"]}], "acls"';
        const { status, json } = await ask("PUT", "/api/v1/policy", { policy: POLICY.replace('"acls"', passing) });
        assert.deepEqual(
          [status, /tag:edge.*resolved to no IP addresses/.test(String(json["message"]))],
          [500, true],
          String(json["message"]),
        );
      },
    );

    it("makes users, finds them by name, and removes one with its keys", { skip: minor >= 28 && "keys need no user" }, async () => {
      assert.equal(await userId("k3s-edge"), undefined);
      assert.equal((await ask("POST", "/api/v1/user", { name: "k3s-edge" })).status, 200);
      const id = await userId("k3s-edge");
      await makeKey({ user: id });
      assert.equal((await ask("DELETE", `/api/v1/user/${id}`)).status, 200);
      assert.equal(await userId("k3s-edge"), undefined);
    });

    it("gives a tagged key for one login, lists its device with tag, name and routes, and approves exactly the routes that are named", async () => {
      const user = minor >= 28 ? undefined : ((await ask("POST", "/api/v1/user", { name: "k3s-edge" })).json["user"] as { id: string }).id;
      const key = await makeKey({ user });
      const flags = [`--login-server=https://${headscale.hostName}`, "--advertise-routes=10.42.1.0/24,10.43.0.0/24"];
      const login = await emulation.login("rack-1", key.key, flags);
      assert.equal(login.code, 0, login.output);
      assert.notEqual((await emulation.login("rack-2", key.key, flags.slice(0, 1))).code, 0);
      const [node] = (await nodes()).filter(({ name }) => name === "rack-1");
      assert.ok(node);
      assert.deepEqual(node.tags ?? node.forcedTags, ["tag:edge"]);
      assert.match(node.ipAddresses.join(), /100\.64\./);
      assert.deepEqual([[...node.availableRoutes].sort(), node.approvedRoutes], [["10.42.1.0/24", "10.43.0.0/24"], []]);
      const approve = (routes: readonly string[]) => ask("POST", `/api/v1/node/${node.id}/approve_routes`, { routes });
      await approve(["10.43.0.0/24"]);
      await approve(["10.42.1.0/24"]);
      const { json } = await ask("GET", `/api/v1/node/${node.id}`);
      assert.deepEqual((json["node"] as Node).approvedRoutes, ["10.42.1.0/24"]);
      assert.equal((await ask("DELETE", `/api/v1/node/${node.id}`)).status, 200);
      assert.deepEqual(
        (await nodes()).filter(({ name }) => name === "rack-1"),
        [],
      );
      assert.match(String((await ask("DELETE", `/api/v1/node/${node.id}`)).json["message"]), /not found/);
    });

    it("lets nobody in with a key that was expired, and calls one that is gone not found, or from 0.28 on done", async () => {
      const user = minor >= 28 ? undefined : await userId("k3s-edge");
      const { id, key } = await makeKey({ user });
      assert.equal((await ask("POST", "/api/v1/preauthkey/expire", minor >= 28 ? { id } : { user, key })).status, 200);
      const late = await emulation.login("late", key, [`--login-server=https://${headscale.hostName}`]);
      assert.notEqual(late.code, 0, late.output);
      const gone = await ask("POST", "/api/v1/preauthkey/expire", minor >= 28 ? { id: "99999" } : { user, key: "gone" });
      if (minor >= 28) assert.equal(gone.status, 200);
      else assert.match(String(gone.json["message"]), /not found/i);
    });
  });
}

/** What the program takes this server to make of policies. */
async function traitsOf(tailnet: Readonly<Record<string, string>>) {
  const [{ openControl }, { createOutput }, { readFields }, input] = await Promise.all([
    import("../../src/operator-tools/control/open-control.mjs"),
    import("../../src/operator-tools/run/output.mjs"),
    import("../../src/operator-tools/run/read-fields.mjs"),
    import("../../src/operator-tools/run/tool-input.mjs"),
  ]);
  return openControl(readFields(tailnet, input.tailnet), { env: {}, out: createOutput() }).policyTraits();
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

enterPrivateNetwork(__filename)
  .then((programs) => startEmulation(programs, (name) => name === "headscale"))
  .then(async (emulation) => {
    after(() => emulation.stop());
    await defineCases(emulation);
  })
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
