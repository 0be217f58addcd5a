import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { leftBy, parsePolicy, policyRun } from "../support/policy-run.mjs";
import { DEFAULT_ACLS, PREPARED_TAILNET, OWN, ownPolicy, POD_CIDR, TAG } from "../support/policy-texts.mjs";
import { errorOf } from "../support/recorder.mjs";
import { API_KEY, startTailnet } from "../support/tailnet-server.mjs";

describe("policy own", () => {
  let run;
  before(async () => (run = await policyRun()));
  after(() => run.tailnet.stop());
  beforeEach(() => run.fresh());

  describe("own", () => {
    it("writes the document, and keeps the found text with its comments", async () => {
      const result = await run.write();
      assert.deepEqual(result, { found: PREPARED_TAILNET });
      assert.deepEqual(run.tailnet.state.written, [OWN.ours]);
    });

    it("takes an API key as well", async () => {
      const result = await run.write({ tailnet: run.tailnet.access({ apiKey: API_KEY }) });
      assert.equal(result.found, PREPARED_TAILNET);
    });

    it("prints and refuses lines of others", async () => {
      run.edit((value) => value.acls.push({ action: "accept", src: ["group:dev"], dst: ["tag:db:5432"] }));
      const error = await errorOf(run.write());
      assert.match(error.message, /^vpn\.policy `own` would replace the tailnet's whole policy file, and it holds lines that are neither/);
      assert.match(
        error.message,
        /\n {2}line 1: acls: \{"action":"accept","src":\["group:dev"\],"dst":\["tag:db:5432"\]\}\nNothing was changed\./,
      );
      assert.deepEqual(run.tailnet.state.written, []);
    });

    it("names every missing scope at once, whether the API tells the scopes or only refuses", async (t) => {
      for (const tellsScopes of [true, false]) {
        const weak = await startTailnet({ scopes: ["devices:core:read"], tellsScopes });
        t.after(() => weak.stop());
        const error = await errorOf(run.write({ tailnet: weak.access() }));
        assert.match(
          error.message,
          tellsScopes
            ? /lacks the scopes policy_file, auth_keys, devices:core \(each with write\)/
            : /lacks the scopes policy_file, auth_keys \(each with write\)/,
        );
      }
      const all = await startTailnet({ scopes: ["all"], policy: DEFAULT_ACLS });
      t.after(() => all.stop());
      await run.write({ tailnet: all.access() });
    });

    it("keeps the first text over later updates, and refuses what others added since", async () => {
      run.tailnet.state.policy = OWN.ours;
      const next = ownPolicy({ nodePorts: "6443,9100" });
      const earlier = leftBy("own", { found: PREPARED_TAILNET });
      const result = await run.write({ document: next, ...earlier });
      assert.deepEqual(result, { found: PREPARED_TAILNET });
      assert.deepEqual(run.tailnet.state.written, [next]);

      run.edit((value) => value.acls.push({ action: "accept", src: ["*"], dst: ["*:*"] }));
      await errorOf(run.write({ document: next, ...earlier }));
    });

    it("keeps the found text, and writes once, where the answer to the first write was lost", async () => {
      run.tailnet.state.faults.push({ method: "POST", path: /acl$/, times: 1, hang: true, acts: true });
      assert.deepEqual(await run.write(), { found: PREPARED_TAILNET });
      assert.equal(run.said(), "");
      assert.deepEqual(run.tailnet.state.written, [OWN.ours]);
    });

    it("finds a policy of ours from a lost state, and keeps it without our lines", async () => {
      run.tailnet.state.policy = OWN.ours;
      const result = await run.write();
      assert.match(run.said(), /from a stack whose state is lost/);
      assert.deepEqual(parsePolicy(result.found), {
        groups: { "group:ops": ["alice@example.org"] },
        tagOwners: { "tag:k3s-admin": ["autogroup:admin"] },
        acls: [],
      });
      assert.deepEqual(run.tailnet.state.written, []);
    });
  });

  describe("delete", () => {
    const found = leftBy("own", { found: PREPARED_TAILNET });
    beforeEach(() => (run.tailnet.state.policy = OWN.ours));

    it("puts the found text back, byte by byte", async () => {
      await run.remove(found);
      assert.equal(run.tailnet.state.policy, PREPARED_TAILNET);
      await run.remove(found);
      assert.equal(run.tailnet.state.written.length, 1, "the second run finds nothing to do");
    });

    it("writes nothing where our document never came to stand", async () => {
      run.tailnet.state.policy = PREPARED_TAILNET;
      await run.remove(found);
      assert.equal(run.tailnet.state.written.length, 0);
    });

    it("recognises an earlier document of ours", async () => {
      run.tailnet.state.policy = ownPolicy({ nodePorts: "6443", operators: ["alice@example.org"] });
      await run.remove(found);
      assert.deepEqual(run.live(), parsePolicy(PREPARED_TAILNET));
    });

    it("keeps what others added meanwhile, and the comments of the found text", async () => {
      const rule = { action: "accept", src: ["group:dev"], dst: ["tag:db:5432"] };
      run.edit((value) => {
        value.acls.push(rule);
        value.groups["group:dev"] = ["dora@example.org"];
        value.groups["group:ops"].push("olaf@example.org");
        value.tagOwners["tag:db"] = ["group:dev"];
        value.nodeAttrs = [{ target: ["*"], attr: ["nextdns:abc"] }];
      });
      await run.remove(found);
      assert.deepEqual(run.live(), {
        ...parsePolicy(PREPARED_TAILNET),
        groups: { "group:ops": ["alice@example.org", "olaf@example.org"], "group:dev": ["dora@example.org"] },
        tagOwners: { "tag:k3s-admin": ["autogroup:admin"], "tag:db": ["group:dev"] },
        acls: [...parsePolicy(PREPARED_TAILNET).acls, rule],
        nodeAttrs: [{ target: ["*"], attr: ["nextdns:abc"] }],
      });
      assert.match(run.tailnet.state.policy, /\/\/ Allow all connections\./);
      assert.ok(!run.tailnet.state.policy.includes(TAG));
      assert.ok(!run.tailnet.state.policy.includes(POD_CIDR));
    });

    it("leaves a file alone that somebody has rewritten, and does not open it by what was found", async () => {
      const strict =
        '{\n  // Of the security team.\n  "groups": {"group:sec": ["sam@example.org"]},\n' +
        '  "acls": [{"action": "accept", "src": ["group:sec"], "dst": ["tag:db:5432"]}], "tagOwners": {"tag:db": []},\n}\n';
      for (const earlier of [found, leftBy("own", {})]) {
        run.tailnet.state.policy = strict;
        await run.remove(earlier);
        assert.equal(run.tailnet.state.policy, strict);
      }
      assert.deepEqual(run.tailnet.state.written, []);
    });

    it("does not bring back what others took out meanwhile", async () => {
      run.edit((value) => {
        value.groups["group:ops"] = ["olaf@example.org"];
        delete value.tagOwners["tag:k3s-admin"];
        value.tagOwners[TAG] = ["autogroup:admin"];
      });
      await run.remove(found);
      assert.deepEqual(run.live().groups, { "group:ops": ["olaf@example.org"] });
      assert.deepEqual(run.live().tagOwners ?? {}, {});
    });

    it("keeps a definition that a line of others still needs, and says so", async () => {
      const rule = { action: "accept", src: ["group:dev"], dst: [`${TAG}:22`] };
      run.edit((value) => {
        value.acls.push(rule);
        value.groups["group:dev"] = [];
      });
      await run.remove(found);
      assert.deepEqual(run.live().acls.at(-1), rule);
      assert.deepEqual(run.live().tagOwners[TAG], ["tag:k3s-admin"]);
      assert.match(run.said(), /warning: kept .*tagOwners "tag:k3s-edge"/);
    });

    it("reads again when somebody writes in the same moment, and loses nothing of it", async () => {
      let writers = 2;
      const rules = [];
      run.tailnet.state.beforeWrite = () => {
        if (writers-- <= 0) return;
        const rule = { action: "accept", src: [`user${writers}@example.org`], dst: ["*:80"] };
        rules.push(rule);
        run.edit((value) => value.acls.push(rule));
      };
      await run.remove(found);
      assert.equal(run.attempts(), 3);
      assert.deepEqual(run.live().acls, [...parsePolicy(PREPARED_TAILNET).acls, ...rules]);
    });

    it("gives up after a bounded number of tries, and overwrites nothing", async () => {
      let count = 0;
      run.tailnet.state.beforeWrite = () => run.edit((value) => (value.groups["group:busy"] = [`user${count++}@example.org`]));
      const error = await errorOf(run.remove(found));
      assert.match(error.message, /was changed by someone else each of 6 times/);
      assert.ok(run.tailnet.state.policy.includes(TAG));
    });

    it("tells what the tailnet refuses", async () => {
      run.tailnet.state.faults.push({ method: "POST", path: /acl$/, times: 1, status: 400, body: { message: "tag not found" } });
      const error = await errorOf(run.remove(found));
      assert.match(error.message, /refuses the policy with this change \(tag not found\); nothing was written\./);
    });

    it("survives faults of the server between reading and writing", async () => {
      run.tailnet.state.faults.push(
        { method: "GET", path: /acl/, times: 1, status: 500 },
        { method: "POST", path: /acl/, times: 1, hang: true },
      );
      await run.remove(found);
      assert.equal(run.tailnet.state.policy, PREPARED_TAILNET);
    });

    it("takes only our lines out where the found text is lost", async () => {
      const rule = { action: "accept", src: ["group:ops"], dst: ["*:80"] };
      run.edit((value) => value.acls.push(rule));
      await run.remove(leftBy("own", {}));
      assert.deepEqual(run.live(), {
        groups: { "group:ops": ["alice@example.org"] },
        tagOwners: { "tag:k3s-admin": ["autogroup:admin"] },
        acls: [rule],
      });
    });
  });
});
