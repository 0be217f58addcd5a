import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import jsonc from "jsonc-parser";
import { holdPolicy, restorePolicy } from "../../src/tools/lib/tailnet-policy.mjs";
import { DEFAULT_ACLS, DEFAULT_WITH_README, OWN, ownPolicy, POD_CIDR, TAG } from "./support/policy-texts.mjs";
import { errorOf, recordOutput } from "./support/recorder.mjs";
import { API_KEY, startTailnet } from "./support/tailnet-server.mjs";

const LIMITS = { api: { requestMs: 300, totalMs: 2000, firstPauseMs: 20, longestPauseMs: 100 } };
const parse = (text) => jsonc.parse(text, [], { allowTrailingComma: true });

describe("policy", () => {
  let tailnet, out;
  before(async () => (tailnet = await startTailnet()));
  after(() => tailnet.stop());
  beforeEach(() => {
    out = recordOutput();
    Object.assign(tailnet.state, { policy: DEFAULT_WITH_README, faults: [], calls: [], beforeWrite: undefined });
  });

  const input = (more = {}) => ({
    v: 1,
    cluster: "edge",
    tailnet: tailnet.access(),
    policy: OWN.ours,
    podCidr: POD_CIDR,
    tagOwners: OWN.tagOwners,
    groups: OWN.groups,
    ...more,
  });
  const context = (previous) => ({ env: previous ? { PULUMI_COMMAND_STDOUT: previous } : {}, out, limits: LIMITS });
  const hold = (more, previous) => holdPolicy(input(more), context(previous));
  const restore = (more, previous = JSON.stringify({ found: DEFAULT_WITH_README, etag: "x", policy: OWN.ours })) =>
    restorePolicy(input(more), context(previous));
  const writes = () => tailnet.state.calls.filter((call) => call.startsWith("POST /api/v2/tailnet")).length;
  const live = () => parse(tailnet.state.policy);
  const edit = (change) => {
    const value = parse(tailnet.state.policy);
    change(value);
    tailnet.state.policy = JSON.stringify(value);
  };

  describe("create", () => {
    it("keeps the found text with its comments, and writes nothing", async () => {
      await hold();
      const result = JSON.parse(out.written.stdout);
      assert.equal(result.found, DEFAULT_WITH_README);
      assert.match(result.etag, /^"[0-9a-f]{64}"$/);
      assert.equal(writes(), 0);
      assert.equal(out.written.stdout.trimEnd().split("\n").length, 1);
    });

    it("takes an API key as well", async () => {
      await hold({ tailnet: tailnet.access({ apiKey: API_KEY }) });
      assert.equal(JSON.parse(out.written.stdout).found, DEFAULT_WITH_README);
    });

    it("prints and refuses lines of others", async () => {
      edit((value) => value.acls.push({ action: "accept", src: ["group:dev"], dst: ["tag:db:5432"] }));
      const error = await errorOf(hold());
      assert.match(error.message, /^vpn\.policy `own` would replace the tailnet's whole policy file, and it holds lines that are neither/);
      assert.match(
        error.message,
        /\n {2}line 1: acls: \{"action":"accept","src":\["group:dev"\],"dst":\["tag:db:5432"\]\}\nNothing was changed\./,
      );
      assert.equal(out.written.stdout, "");
    });

    it("names every missing scope at once, whether the API tells the scopes or only refuses", async (t) => {
      for (const tellsScopes of [true, false]) {
        const weak = await startTailnet({ scopes: ["devices:core:read"], tellsScopes });
        t.after(() => weak.stop());
        const error = await errorOf(hold({ tailnet: weak.access() }));
        assert.match(
          error.message,
          tellsScopes
            ? /lacks the scopes policy_file, auth_keys, devices:core \(each with write\)/
            : /lacks the scopes policy_file, auth_keys \(each with write\)/,
        );
      }
      const all = await startTailnet({ scopes: ["all"], policy: DEFAULT_ACLS });
      t.after(() => all.stop());
      await hold({ tailnet: all.access() });
    });

    it("keeps the first text over later updates, when only our own document has changed meanwhile", async () => {
      await hold();
      const first = out.written.stdout;
      tailnet.state.policy = OWN.ours;
      out.written.stdout = "";
      const next = ownPolicy({ nodePorts: "6443,9100" });
      await hold({ policy: next }, first);
      assert.deepEqual(JSON.parse(out.written.stdout), { ...JSON.parse(first), policy: next });

      edit((value) => value.acls.push({ action: "accept", src: ["*"], dst: ["*:*"] }));
      await errorOf(hold({ policy: next }, first));
    });

    it("finds a policy of ours from a lost state, and keeps it without our lines", async () => {
      tailnet.state.policy = OWN.ours;
      await hold();
      assert.match(out.written.stderr, /from a stack whose state is lost/);
      assert.deepEqual(parse(JSON.parse(out.written.stdout).found), {
        groups: { "group:ops": ["alice@example.org"] },
        tagOwners: { "tag:k3s-admin": ["autogroup:admin"] },
        acls: [],
      });
    });
  });

  describe("delete", () => {
    beforeEach(() => (tailnet.state.policy = OWN.ours));

    it("puts the found text back, byte by byte", async () => {
      await restore();
      assert.equal(tailnet.state.policy, DEFAULT_WITH_README);
      await restore();
      assert.equal(writes(), 1, "the second run finds nothing to do");
    });

    it("writes nothing where our document never came to stand", async () => {
      tailnet.state.policy = DEFAULT_WITH_README;
      await restore();
      assert.equal(writes(), 0);
    });

    it("recognises an earlier document of ours", async () => {
      tailnet.state.policy = ownPolicy({ nodePorts: "6443", operators: ["alice@example.org"] });
      await restore();
      assert.deepEqual(live(), parse(DEFAULT_WITH_README));
    });

    it("keeps what others added meanwhile, and the comments of the found text", async () => {
      const rule = { action: "accept", src: ["group:dev"], dst: ["tag:db:5432"] };
      edit((value) => {
        value.acls.push(rule);
        value.groups["group:dev"] = ["dora@example.org"];
        value.groups["group:ops"].push("olaf@example.org");
        value.tagOwners["tag:db"] = ["group:dev"];
        value.nodeAttrs = [{ target: ["*"], attr: ["nextdns:abc"] }];
      });
      await restore();
      assert.deepEqual(live(), {
        ...parse(DEFAULT_WITH_README),
        groups: { "group:ops": ["alice@example.org", "olaf@example.org"], "group:dev": ["dora@example.org"] },
        tagOwners: { "tag:k3s-admin": ["autogroup:admin"], "tag:db": ["group:dev"] },
        acls: [...parse(DEFAULT_WITH_README).acls, rule],
        nodeAttrs: [{ target: ["*"], attr: ["nextdns:abc"] }],
      });
      assert.match(tailnet.state.policy, /\/\/ Allow all connections\./);
      assert.ok(!tailnet.state.policy.includes(TAG));
      assert.ok(!tailnet.state.policy.includes(POD_CIDR));
    });

    it("does not bring back what others took out meanwhile", async () => {
      edit((value) => {
        value.groups["group:ops"] = ["olaf@example.org"];
        delete value.tagOwners["tag:k3s-admin"];
        value.tagOwners[TAG] = ["autogroup:admin"];
      });
      await restore();
      assert.deepEqual(live().groups, { "group:ops": ["olaf@example.org"] });
      assert.deepEqual(live().tagOwners ?? {}, {});
    });

    it("keeps a definition that a line of others still needs, and says so", async () => {
      const rule = { action: "accept", src: ["group:dev"], dst: [`${TAG}:22`] };
      edit((value) => {
        value.acls.push(rule);
        value.groups["group:dev"] = [];
      });
      await restore();
      assert.deepEqual(live().acls.at(-1), rule);
      assert.deepEqual(live().tagOwners[TAG], ["tag:k3s-admin"]);
      assert.match(out.written.stderr, /warning: kept .*tagOwners "tag:k3s-edge"/);
    });

    it("reads again when somebody writes in the same moment, and loses nothing of it", async () => {
      let writers = 2;
      const rules = [];
      tailnet.state.beforeWrite = () => {
        if (writers-- <= 0) return;
        const rule = { action: "accept", src: [`user${writers}@example.org`], dst: ["*:80"] };
        rules.push(rule);
        edit((value) => value.acls.push(rule));
      };
      await restore();
      assert.equal(writes(), 3);
      assert.deepEqual(live().acls, [...parse(DEFAULT_WITH_README).acls, ...rules]);
    });

    it("gives up after a bounded number of tries, and overwrites nothing", async () => {
      let count = 0;
      tailnet.state.beforeWrite = () => edit((value) => (value.groups["group:busy"] = [`user${count++}@example.org`]));
      const error = await errorOf(restore());
      assert.match(error.message, /was changed by someone else each of 6 times/);
      assert.ok(tailnet.state.policy.includes(TAG));
    });

    it("tells what the tailnet refuses", async () => {
      tailnet.state.faults.push({ method: "POST", path: /acl/, times: 1, status: 400, body: { message: "tag not found" } });
      const error = await errorOf(restore());
      assert.match(error.message, /refuses the policy to be put back \(tag not found\)\. Remove this cluster's lines/);
    });

    it("survives faults of the server between reading and writing", async () => {
      tailnet.state.faults.push(
        { method: "GET", path: /acl/, times: 1, status: 500 },
        { method: "POST", path: /acl/, times: 1, hang: true },
      );
      await restore();
      assert.equal(tailnet.state.policy, DEFAULT_WITH_README);
    });

    it("takes only our lines out where the found text is lost", async () => {
      const rule = { action: "accept", src: ["group:ops"], dst: ["*:80"] };
      edit((value) => value.acls.push(rule));
      await restore({}, "not json");
      assert.match(out.written.stderr, /warning: the state does not hold the policy found/);
      assert.deepEqual(live(), {
        groups: { "group:ops": ["alice@example.org"] },
        tagOwners: { "tag:k3s-admin": ["autogroup:admin"] },
        acls: [rule],
      });
    });
  });
});
