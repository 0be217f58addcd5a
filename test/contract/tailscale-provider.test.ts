import assert from "node:assert/strict";
import { type TestContext, describe, it } from "node:test";
import { PulumiProject, type PulumiRun } from "./language-project";
import { FakeTailscaleApi } from "./tailscale-provider-api";

const PROGRAM = `
const tailscale = require("@pulumi/tailscale");
const { provider, keys = {}, services = {}, readAcl } = require("./resources.json");
const opts = { provider: new tailscale.Provider("tailnet", provider) };
for (const [name, args] of Object.entries(keys)) new tailscale.TailnetKey(name, args, opts);
for (const [name, args] of Object.entries(services)) exports[name] = new tailscale.Service(name, args, opts).addrs;
if (readAcl) exports.live = tailscale.getAclOutput(opts);
`;

interface Resources {
  readonly provider?: Readonly<Record<string, unknown>>;
  readonly keys?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly readAcl?: boolean;
}

const KEYS = "/api/v2/tailnet/-/keys";

class Tailnet {
  private constructor(
    readonly api: FakeTailscaleApi,
    readonly project: PulumiProject,
  ) {}

  static async create(test: TestContext): Promise<Tailnet> {
    const api = await FakeTailscaleApi.start();
    const runtime = { name: "nodejs", options: { typescript: false } };
    const project = await PulumiProject.create({
      "Pulumi.yaml": JSON.stringify({ name: "contract", main: "index.js", runtime }),
      "index.js": PROGRAM,
    });
    test.after(() => Promise.all([project.remove(), api.stop()]));
    return new Tailnet(api, project);
  }

  async set(resources: Resources): Promise<void> {
    const provider = { baseUrl: this.api.url, oauthClientId: "client", oauthClientSecret: "hush", ...resources.provider };
    await this.project.write({ "resources.json": JSON.stringify({ ...resources, provider }) });
  }

  async up(resources: Resources): Promise<PulumiRun> {
    await this.set(resources);
    return this.project.up();
  }
}

describe("the tailscale provider", { concurrency: 2 }, () => {
  it("makes a key by one request, keeps it secret, makes another on any change, and revokes it", async (test) => {
    const tailnet = await Tailnet.create(test);
    const { api, project } = tailnet;
    const key = { reusable: false, ephemeral: false, preauthorized: true, tags: ["tag:k3s"], expiry: 3600, description: "rack-1" };
    const first = await tailnet.up({ keys: { key } });
    assert.equal(first.code, 0, first.output);
    const request = api.calls.find(({ method, path }) => method === "POST" && path === KEYS);
    assert.deepEqual(JSON.parse(request?.body ?? ""), {
      capabilities: { devices: { create: { reusable: false, ephemeral: false, preauthorized: true, tags: ["tag:k3s"] } } },
      expirySeconds: 3600,
      description: "rack-1",
    });
    assert.equal(request?.headers.authorization, "Bearer token-1");
    const { outputs, id } = (await project.state())["key"] ?? {};
    assert.equal(id, "k1");
    assert.ok(outputs?.["key"] instanceof Object && "ciphertext" in outputs["key"]);
    const { createdAt, expiresAt, invalid } = outputs;
    assert.deepEqual(
      { createdAt, expiresAt, invalid },
      { createdAt: "2026-01-02T03:04:05Z", expiresAt: "2026-01-03T03:04:05Z", invalid: false },
    );

    assert.match((await project.up()).output, /3 unchanged/);
    api.calls.length = 0;
    const changed = await tailnet.up({ keys: { key: { ...key, description: "rack-1 again" } } });
    assert.match(changed.output, /\+-1 replaced/);
    assert.deepEqual(api.asked(), [`POST ${KEYS}`, `DELETE ${KEYS}/k1`]);
    // A used key may be gone at the service already.
    api.keys.clear();
    assert.equal((await project.destroy()).code, 0);
  });

  it("makes a dead key again by recreateIfInvalid, and by default if it is reusable: at the next up after a refresh saw it", async (test) => {
    const tailnet = await Tailnet.create(test);
    const { api, project } = tailnet;
    const keys = {
      never: { reusable: true, recreateIfInvalid: "never" },
      always: { recreateIfInvalid: "always" },
      single: {},
      reusable: { reusable: true },
      gone: { recreateIfInvalid: "never" },
    };
    const names = Object.keys(keys).sort();
    const ids = async () => {
      const state = await project.state();
      return Object.fromEntries(names.map((name) => [name, state[name]?.id]));
    };
    assert.equal((await tailnet.up({ keys })).code, 0);
    const first = await ids();
    for (const key of api.keys.values()) key.invalid = true;
    api.keys.delete(first["gone"] ?? "");
    assert.match((await project.up()).output, /7 unchanged/);
    assert.equal((await project.refresh()).code, 0);
    const refreshed = await project.state();
    assert.deepEqual(
      names.map((name) => refreshed[name]?.outputs["invalid"]),
      names.map(() => true),
    );
    const later = await project.up();
    assert.equal(later.code, 0, later.output);
    const second = await ids();
    assert.deepEqual(
      names.filter((name) => first[name] !== second[name]),
      ["always", "reusable"],
    );
  });

  it("writes a Service whole and reads its addresses, changes it in place, makes it again where it is gone, and deletes it by its name", async (test) => {
    const tailnet = await Tailnet.create(test);
    const { api, project } = tailnet;
    const path = "/api/v2/tailnet/-/vip-services/svc:k3s-api";
    const asked = () => api.asked().map(decodeURIComponent);
    const sent = () =>
      api.calls.filter(({ method }) => method === "PUT").map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>);
    const service = { name: "svc:k3s-api", ports: ["tcp:6443"], comment: "ours" };
    const addrs = ["100.127.0.1", "fd7a:115c:a1e0::7f00:1"];
    const first = await tailnet.up({ services: { service } });
    assert.equal(first.code, 0, first.output);
    assert.deepEqual(asked(), [`PUT ${path}`, `GET ${path}`]);
    assert.deepEqual(sent(), [service], "what is empty is left out");
    assert.deepEqual([(await project.state())["service"]?.id, (await project.outputs())["service"]], ["svc:k3s-api", addrs]);
    assert.match((await project.up()).output, /3 unchanged/);

    api.calls.length = 0;
    const changed = await tailnet.up({ services: { service: { ...service, comment: "ours again" } } });
    assert.match(changed.output, /1 updated/);
    assert.deepEqual(sent(), [{ ...service, comment: "ours again", addrs }], "with the addresses that it has");

    api.services.clear();
    assert.equal((await project.refresh()).code, 0);
    assert.match((await project.up()).output, /1 created/);
    api.calls.length = 0;
    const renamed = await tailnet.up({ services: { service: { ...service, name: "svc:other" } } });
    assert.match(renamed.output, /\+-1 replaced/);
    assert.deepEqual([...api.services.keys()], ["svc:other"]);
    assert.equal((await project.destroy()).code, 0);
    assert.equal(api.services.size, 0);
    const wrong = await tailnet.up({ services: { service: { ...service, name: "k3s-api" } } });
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.output, /must start with svc:/);
  });

  it("refuses to read a key of another type", async (test) => {
    const tailnet = await Tailnet.create(test);
    const { api, project } = tailnet;
    assert.equal((await tailnet.up({ keys: { key: {} } })).code, 0);
    for (const key of api.keys.values()) key.keyType = "client";
    const { code, output } = await project.refresh();
    assert.notEqual(code, 0);
    assert.match(output, /Invalid key type 'client'/);
  });

  it("reads the policy as HuJSON and as JSON", async (test) => {
    const tailnet = await Tailnet.create(test);
    const { api, project } = tailnet;
    api.policy = '// Mine.\n{"acls": [],}';
    const { code, output } = await tailnet.up({ readAcl: true });
    assert.equal(code, 0, output);
    const { id, ...texts } = (await project.outputs())["live"] as Record<string, string>;
    assert.ok(id);
    assert.deepEqual(texts, { hujson: '// Mine.\n{"acls": [],}', json: '{"acls":[]}' });
  });

  it("takes an API key from the environment, refuses one beside an OAuth client, and refuses none at all", async (test) => {
    const tailnet = await Tailnet.create(test);
    const { project } = tailnet;
    const withKey = { TAILSCALE_API_KEY: "api-key-1" };
    await tailnet.set({ readAcl: true, provider: { oauthClientId: undefined, oauthClientSecret: undefined } });
    const alone = await project.run(["preview", "--stack", "test"], withKey);
    assert.equal(alone.code, 0, alone.output);
    const none = await project.preview();
    assert.notEqual(none.code, 0);
    assert.match(none.output, /credentials are empty/);
    await tailnet.set({ readAcl: true });
    const both = await project.run(["preview", "--stack", "test"], withKey);
    assert.notEqual(both.code, 0);
    assert.match(both.output, /credentials are conflicting/);
  });

  it("tells the API's own message and status", async (test) => {
    const tailnet = await Tailnet.create(test);
    const { code, output } = await tailnet.up({
      readAcl: true,
      provider: { oauthClientId: undefined, oauthClientSecret: undefined, apiKey: "wrong" },
    });
    assert.notEqual(code, 0);
    assert.match(output, /API token invalid \(401\)/);
  });
});
