import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { removeDevices } from "../../../src/operator-tools/control/devices.mjs";
import { createKey, expireKey } from "../../../src/operator-tools/control/headscale-key.mjs";
import { openControl } from "../../../src/operator-tools/control/open-control.mjs";
import { readPolicy, removePolicy, writePolicy } from "../../../src/operator-tools/policy/policy-resource.mjs";
import { HEADSCALE_KEY, headscaleNode, startHeadscale } from "../support/headscale-server.mjs";
import { CLUSTER } from "../support/policy-run.mjs";
import { errorOf, recordOutput } from "../support/recorder.mjs";

const TAG = "tag:k3s-edge";
const LIMITS = { requestMs: 300, totalMs: 4000, firstPauseMs: 20, longestPauseMs: 50 };
const HEADSCALE_CLUSTER = { ...CLUSTER, tagOwners: [] };
const OTHERS =
  '{\n\t// theirs\n\t"groups": {"group:ops": ["alice@"]},\n\t"acls": [{"action": "accept", "src": ["group:ops"], "dst": ["*:*"]}],\n}\n';

/** A headscale of this release, and the tools at it. */
async function at(minor, t, more = {}) {
  const server = await startHeadscale({ minor });
  t.after(() => server.stop());
  Object.assign(server.state, more);
  const out = recordOutput();
  let revealed;
  const context = { env: {}, out, limits: { api: LIMITS }, reveal: (value) => (revealed = value) };
  const policy = (mode = "merge", left = {}) => ({
    v: 1,
    tailnet: server.access(),
    mode,
    document: "{}",
    policyCluster: HEADSCALE_CLUSTER,
    groups: {},
    ...left,
  });
  return {
    ...server,
    out,
    control: (access = {}, env = {}) => openControl(server.access(access), { env, out, limits: LIMITS }),
    write: (mode, left) => writePolicy(policy(mode, left), context).then(() => JSON.parse(out.written.stdout)),
    read: (left) => readPolicy(policy("merge", left), context).then(() => JSON.parse(out.written.stdout.trim().split("\n").at(-1))),
    remove: (left) => removePolicy(policy("merge", left), context),
    createKey: async (wanted) => {
      const input = { tailnet: server.access(), cluster: "edge", tags: [TAG], expirySeconds: 3600, ...wanted };
      await createKey(input, { ...context, now: () => 0 });
      return revealed;
    },
    expireKey: (key) => expireKey({ tailnet: server.access(), ...key }, context),
  };
}

describe("a headscale's release", () => {
  for (const minor of [26, 27, 28, 29]) {
    it(`knows 0.${minor}`, async (t) => {
      const { control } = await at(minor, t);
      assert.equal((await control().release()).minor, minor);
      assert.equal((await control().policyTraits()).sections.includes("tests"), minor >= 29);
    });
  }

  for (const [title, state] of [
    ["a newer one", { minor: 30, version: "v0.30.0" }],
    ["one that says no number", { minor: 28, version: "dev" }],
    ["an older one", { minor: 25 }],
  ]) {
    it(`refuses ${title} before it asks anything else of it`, async (t) => {
      const { control, state: seen } = await at(state.minor, t, state);
      const error = await errorOf(control().requireAccess());
      assert.match(error.message, /Known are 0\.26, 0\.27, 0\.28, 0\.29/);
      assert.ok(
        seen.calls.every((call) => !call.includes("/api/")),
        seen.calls.join(),
      );
    });
  }
});

describe("headscale's API", () => {
  it("takes gRPC's own faults at their word, and tries again what passes", async (t) => {
    const { control, state } = await at(26, t, { nodes: [headscaleNode(1, "rack-1", [TAG])] });
    state.faults.push({ method: "GET", path: /node/, times: 2, status: 502, body: "<html>bad gateway</html>" });
    assert.equal((await control().listDevices()).length, 1);
    state.calls = [];
    state.faults.push({ method: "GET", path: /node/, times: 9, status: 500, body: { code: 2, message: "database is locked" } });
    assert.match((await errorOf(control().listDevices())).message, /refused \(500: database is locked\)\. Look at headscale's log/);
    assert.equal(state.calls.length, 1);
  });

  it("says what to do about a key that is not valid, and prefers the environment's", async (t) => {
    const { control, state } = await at(26, t);
    assert.match(
      (await errorOf(control({ apiKey: "stale-stale-stale" }).requireAccess())).message,
      /\(500: Unauthorized\).*headscale apikeys create/,
    );
    assert.equal(state.calls.filter((call) => call.includes("/api/")).length, 1);
    await control({ apiKey: "stale-stale-stale" }, { HYBRID_K3S_HEADSCALE_API_KEY: HEADSCALE_KEY }).requireAccess();
    assert.throws(() => control({ apiKey: undefined }), /No API key for headscale/);
  });

  it("ends within its limit where nothing answers", async (t) => {
    const { control } = await at(26, t);
    const error = await errorOf(control({ loginServer: "http://127.0.0.1:9" }).listDevices());
    assert.match(error.message, /^headscale at http:\/\/127\.0\.0\.1:9 did not serve GET .*ECONNREFUSED.*vpn\.loginServer/);
  });
});

describe("headscale's nodes", () => {
  for (const minor of [26, 28]) {
    it(`are removed by tag and host name in 0.${minor}, and no other`, async (t) => {
      const { control, state } = await at(minor, t, {
        nodes: [
          headscaleNode(1, "rack-1", [TAG]),
          headscaleNode(2, "rack-1", [TAG], { givenName: "rack-1-x8jj" }),
          headscaleNode(3, "rack-1", []),
          headscaleNode(4, "rack-1", ["tag:k3s-west"]),
          headscaleNode(5, "rack-2", [TAG], { givenName: "rack-1" }),
        ],
      });
      assert.equal(await removeDevices(control(), { node: "rack-1", tag: TAG }, { pollMs: 10 }), 2);
      assert.deepEqual(
        state.nodes.map(({ id }) => id),
        ["3", "4", "5"],
      );
      await control().deleteDevice("1");
    });
  }
});

describe("headscale's keys", () => {
  for (const minor of [26, 28]) {
    it(`let one node in, once, and are expired in the words of 0.${minor}`, async (t) => {
      const { createKey: create, expireKey: expire, state, out } = await at(minor, t);
      const made = await create({ isEphemeral: true });
      const [{ reusable, ephemeral, aclTags, expiration, user }] = state.keys;
      assert.deepEqual([reusable, ephemeral, aclTags, expiration], [false, true, [TAG], "1970-01-01T01:00:00.000Z"]);
      assert.equal(user, minor >= 28 ? undefined : "1");
      assert.deepEqual(
        state.users.map(({ name }) => name),
        minor >= 28 ? [] : ["k3s-edge"],
      );
      assert.ok(!out.redact(made.key).includes(made.key));
      await expire(made);
      assert.deepEqual(state.expired, ["1"]);
      state.keys = [];
      await expire(made);
    });
  }
});

describe("the policy at a headscale", () => {
  it("gets this cluster's lines without tests, gives them back to the byte, and takes the keys' user along", async (t) => {
    const { write, remove, read, state } = await at(26, t, { policy: OTHERS });
    const left = await write();
    assert.match(state.policy, /"tag:k3s-edge": \[\], \/\/ hybrid-k3s: edge/);
    assert.doesNotMatch(state.policy, /"tests"|"grants"/);
    assert.deepEqual(await read({ before: { mode: "merge", document: "{}", ...left } }), { lines: 0 });
    assert.deepEqual(
      state.users.map(({ name }) => name),
      ["k3s-edge"],
    );
    await remove({ before: { mode: "merge", document: "{}", ...left } });
    assert.equal(state.policy, OTHERS);
    assert.deepEqual(state.users, []);
  });

  it("keeps the tests of others from 0.29 on, and gets none of ours: they would fail before the first device", async (t) => {
    const { write, state } = await at(29, t, {
      policy: OTHERS.replace('"acls"', '"tests": [{"src": "alice@", "accept": ["tag:web:80"]}],\n\t"acls"'),
    });
    await write();
    assert.match(state.policy, /"tests": \[\{"src": "alice@", "accept": \["tag:web:80"\]\}\],\n/);
    assert.match(state.policy, /"dst": \["tag:k3s-edge:6443"\]/);
  });

  it("never removes a user where that takes everyone's keys along", async (t) => {
    const { write, remove, state } = await at(28, t, { policy: OTHERS, users: [{ id: "7", name: "k3s-edge" }] });
    await remove({ before: { mode: "merge", document: "{}", ...(await write()) } });
    assert.deepEqual(
      state.users.map(({ id }) => id),
      ["7"],
    );
  });

  it("is taken as open where there is none, so that a first rule cuts nobody off", async (t) => {
    const { write, state } = await at(26, t);
    await write("merge", { policyCluster: { ...HEADSCALE_CLUSTER, operators: ["alice@"] } });
    assert.match(state.policy, /"src": \["\*"\], "dst": \["\*:\*"\]/);
    assert.match(state.policy, /"dst": \["tag:k3s-edge:6443"\]/);
  });

  it("without rules is closed, and gets ours", async (t) => {
    const { write, state } = await at(26, t, { policy: '{"groups": {"group:ops": ["alice@"]}}' });
    await write();
    assert.match(state.policy, /"acls"/);
    state.policy = '{"groups": {"group:ops": ["alice@"]}}';
    assert.match((await errorOf(write("none"))).message, /agents to servers/);
  });

  for (const [title, policy, seen] of [
    [
      "grants",
      '{"groups": {"group:ops": []},\n"grants": []}',
      /line 2: headscale 0\.26 does not enforce `grants`\. Write these rules as acls/,
    ],
    [
      "tests",
      '{"groups": {"group:ops": []}, "acls": [],\n"tests": []}',
      /line 2: headscale 0\.26 does not enforce `tests`\. headscale runs tests from 0\.29 on/,
    ],
    ["misspelled sections", '{"groups": {"group:ops": []}, "acl": []}', /does not enforce `acl`\. It knows groups, hosts/],
    [
      "unknown parts of rules",
      '{"groups": {"group:ops": []}, "acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"], "srcPosture": []}]}',
      /`srcPosture` in a rule/,
    ],
  ]) {
    for (const mode of ["merge", "own", "none"]) {
      it(`is refused in ${mode} where it holds ${title} that nobody enforces`, async (t) => {
        const { write, state } = await at(26, t, { policy });
        assert.match((await errorOf(write(mode))).message, seen);
        assert.equal(state.policy, policy);
      });
    }
  }

  it("is not written where somebody else wrote in between: read again, planned again", async (t) => {
    const { write, state } = await at(26, t, { policy: OTHERS });
    let reads = 0;
    // The second read is the one right before the write.
    state.beforePolicyRead = () => (reads += 1) === 2 && (state.policy = OTHERS.replace("// theirs", "// edited"));
    await write();
    assert.match(state.policy, /\/\/ edited/);
    assert.match(state.policy, /hybrid-k3s: edge/);
    assert.equal(reads, 4);
  });

  it("is refused where it stands in a file, and only read in `none`", async (t) => {
    const { write, state } = await at(26, t, { policy: OTHERS, isFile: true });
    assert.match((await errorOf(write())).message, /keeps its policy in a file .*policy\.mode: database/);
    assert.match((await errorOf(write("none"))).message, /vpn\.policy is none, and the tailnet's policy lacks/);
    assert.equal(state.policy, OTHERS);
  });

  it("that headscale refuses is shown with its reason, and tried once", async (t) => {
    const { write, state } = await at(26, t, { policy: OTHERS.replace('"dst": ["*:*"]', '"dst": ["tag:undefined:22"]') });
    const error = await errorOf(write());
    assert.match(error.message, /refuses the policy with this change \(.*tag:undefined.*\); nothing was written/s);
    assert.match(error.message, /headscale policy set/);
    assert.equal(state.calls.filter((call) => call === "PUT /api/v1/policy").length, 1);
  });
});
