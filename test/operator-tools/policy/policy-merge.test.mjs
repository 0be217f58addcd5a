import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { findMissing } from "../../../src/operator-tools/policy/index.mjs";
import { CLUSTER, leftBy, parsePolicy, policyRun } from "../support/policy-run.mjs";
import { PREPARED_TAILNET, OWN, POD_CIDR } from "../support/policy-texts.mjs";
import { errorOf } from "../support/recorder.mjs";

describe("policy merge and none", () => {
  let run;
  before(async () => (run = await policyRun()));
  after(() => run.tailnet.stop());
  beforeEach(() => run.fresh());

  describe("merge", () => {
    const merge = { mode: "merge" };

    it("adds our lines, keeps every other byte, has nothing to do again, and takes just them out", async () => {
      const result = await run.write(merge);
      const { wrote } = result;
      const added = run.tailnet.state.policy;
      assert.deepEqual(findMissing(added, CLUSTER).missing, []);
      for (const line of PREPARED_TAILNET.split("\n")) assert.ok(added.split("\n").includes(line), line);
      await run.write({ ...merge, ...leftBy("merge", { wrote }) });
      assert.equal(run.tailnet.state.written.length, 1);
      await run.remove({ ...merge, ...leftBy("merge", { wrote }) });
      assert.equal(run.tailnet.state.policy, PREPARED_TAILNET);
      assert.equal(run.said(), "");
    });

    it("tells that lines of its own stood there already, which may be another stack's of the same name", async () => {
      const ofStack = { ...merge, policyCluster: { ...CLUSTER, stack: "hybrid-k3s/dev" } };
      await run.write({ ...ofStack, ...leftBy("merge", await run.write(ofStack)) });
      assert.equal(run.said(), "");
      await run.write(ofStack);
      assert.match(
        run.said(),
        /^warning: .* already held lines of the cluster edge of hybrid-k3s\/dev, .*give one of the two another cluster\.name/,
      );
      assert.equal(run.tailnet.state.written.length, 1);
    });

    it("says so where there was nothing of its own to take out: the credentials may be another tailnet's", async () => {
      const left = await run.write(merge);
      run.tailnet.state.policy = PREPARED_TAILNET;
      await run.remove({ ...merge, ...leftBy("merge", left) });
      assert.match(run.said(), /^warning: the tailnet's policy held no line of this cluster, .*TAILSCALE_\*/);
    });

    it("counts the lines that are not as it left them, and repairs them", async () => {
      const result = await run.write(merge);
      const earlier = { ...merge, ...leftBy("merge", result) };
      const whole = run.tailnet.state.policy;
      assert.deepEqual(await run.read(earlier), { lines: 0 });
      run.tailnet.state.policy = whole
        .split("\n")
        .filter((line) => !line.includes(`"${POD_CIDR}": `))
        .join("\n");
      assert.ok((await run.read(earlier)).lines > 0);
      await run.write(earlier);
      assert.deepEqual(findMissing(run.tailnet.state.policy, CLUSTER).missing, []);
    });

    it("shows the failing test of a policy, and writes nothing", async () => {
      run.tailnet.state.failingTests = ['address "tag:db:22": want: Drop, got: Accept'];
      const error = await errorOf(run.write(merge));
      assert.match(
        error.message,
        /refuses the policy with this change \(test\(s\) failed\); nothing was written\.\n- from alice@example\.org: address "tag:db:22": want: Drop/,
      );
      assert.deepEqual(run.tailnet.state.written, []);
    });

    it("reads again when somebody writes between reading and writing, and loses nothing of it", async () => {
      let writers = 2;
      run.tailnet.state.beforeWrite = () => {
        if (writers-- > 0) run.tailnet.state.policy = run.tailnet.state.policy.replace("{", `{ // editor ${writers}`);
      };
      await run.write(merge);
      assert.match(run.tailnet.state.policy, /\/\/ editor 0.*\n?.*/);
      assert.match(run.tailnet.state.policy, /\/\/ editor 1/);
      assert.deepEqual(findMissing(run.tailnet.state.policy, CLUSTER).missing, []);
    });

    it("does not write twice where the answer to the first time was lost", async () => {
      run.tailnet.state.faults.push({ method: "POST", path: /acl$/, times: 1, hang: true, acts: true });
      const result = await run.write(merge);
      assert.equal(run.tailnet.state.written.length, 1);
      assert.ok(result.wrote.length > 0);
    });

    it("goes on where an earlier run died before its state was kept, and refuses another stack's cluster of this name", async () => {
      const of = (stack) => ({ ...merge, policyCluster: { ...CLUSTER, stack } });
      await run.write(of("hybrid-k3s/dev"));
      const { wrote } = await run.write(of("hybrid-k3s/dev"));
      assert.ok(wrote.length > 0);
      const error = await errorOf(run.write(of("hybrid-k3s/prod")));
      assert.match(
        error.message,
        /written by the stack hybrid-k3s\/dev and not by this one, hybrid-k3s\/prod\. Choose another cluster\.name/,
      );
      assert.equal(run.tailnet.state.written.length, 1);
    });

    it("refuses a podCidr and a tag of another cluster, with the lines", async () => {
      await run.write({ ...merge, policyCluster: { ...CLUSTER, name: "north" } });
      const error = await errorOf(run.write(merge));
      assert.match(error.message, /^This cluster's lines could not be added to the tailnet's policy; nothing was changed:\n- line \d+: /);
      assert.match(error.message, /north/);
    });

    it("takes nothing out of a file that does not tell which lines are ours", async () => {
      const { wrote } = await run.write(merge);
      run.tailnet.state.policy = run.tailnet.state.policy.replace(
        /,( \/\/ hybrid-k3s: edge)\s*\/\/ Allow all/,
        ', {"action": "accept", "src": ["group:dev"], "dst": ["tag:db:22"]},$1\n// Allow all',
      );
      const before = run.tailnet.state.policy;
      const error = await errorOf(run.remove({ ...merge, ...leftBy("merge", { wrote }) }));
      assert.match(
        error.message,
        /^This cluster's lines \(tag:k3s-edge\) cannot be taken out of the tailnet's policy; nothing was changed: line \d+: the mark/,
      );
      assert.equal(run.tailnet.state.policy, before);
    });
  });

  describe("none", () => {
    const none = { mode: "none" };

    it("prints what to add, and goes on once it is there; it never writes", async () => {
      run.tailnet.state.policy = JSON.stringify({ ...parsePolicy(PREPARED_TAILNET), acls: [] });
      const error = await errorOf(run.write(none));
      assert.match(error.message, /^vpn\.policy is none, and the tailnet's policy lacks what tag:k3s-edge needs \(/);
      assert.match(error.message, /"10\.42\.0\.0\/16"/);
      run.tailnet.state.policy = OWN.ours;
      await run.write(none);
      await run.remove({ ...none, ...leftBy("none", {}) });
      assert.deepEqual(run.tailnet.state.written, []);
      assert.match(run.said(), /still holds this cluster's lines \d+/);
    });

    it("is not held up by a file that cannot be read when the cluster goes", async () => {
      run.tailnet.state.policy = "{";
      await run.remove({ ...none, ...leftBy("none", {}) });
      assert.equal(run.said(), "");
    });

    it("names what an earlier merge left in the file when the cluster goes, and leaves it", async () => {
      const merged = await run.write({ mode: "merge" });
      const left = await run.write({ ...none, ...leftBy("merge", merged) });
      const live = run.tailnet.state.policy;
      await run.remove({ ...none, ...leftBy("none", left) });
      assert.equal(run.tailnet.state.policy, live);
      assert.match(
        run.said(),
        /^warning: vpn\.policy is none, and the tailnet's policy still holds this cluster's lines 5, 9, 10, \d+.* Take them out at https:/m,
      );
    });

    it("tells what others may do with its pods and its tag in one go with what is missing", async () => {
      const { autoApprovers, tagOwners, ...rest } = parsePolicy(OWN.ours);
      const routes = { ...autoApprovers.routes, "10.42.3.0/24": ["tag:router"] };
      const owners = { ...tagOwners, [CLUSTER.tag]: ["autogroup:member", ...tagOwners[CLUSTER.tag]] };
      run.tailnet.state.policy = JSON.stringify({ ...rest, tagOwners: owners, autoApprovers: { routes }, acls: [] });
      const { message } = await errorOf(run.write(none));
      assert.match(
        message,
        /^This cluster's lines cannot stand beside the tailnet's policy; nothing was changed:\n- line 1: tag:k3s-edge is owned by autogroup:member/,
      );
      assert.match(message, /\n- line 1: the podCidr 10\.42\.0\.0\/16 overlaps 10\.42\.3\.0\/24, a route that tag:router may serve/);
      assert.match(message, /\nvpn\.policy is none, and the tailnet's policy lacks what tag:k3s-edge needs \(/);
    });
  });

  for (const mode of ["own", "merge", "none"]) {
    it(`mode ${mode} is told by a policy with sections that are null, and ends with no stack`, async () => {
      const live =
        '{"ssh": null, "nodeAttrs": null, "hosts": {"office": null}, "acls": [null, {"action": "accept", "src": ["*"], "dst": ["office:*"]}]}';
      run.tailnet.state.policy = live;
      const error = await errorOf(run.write({ mode }));
      assert.equal(error.name, "ToolError", error.stack);
      await run.remove({ mode, ...leftBy(mode, {}) });
      assert.equal(run.tailnet.state.policy, live);
    });
  }

  for (const mode of ["own", "merge"]) {
    it(`mode ${mode} leaves an empty file, in which nothing is this cluster's`, async () => {
      run.tailnet.state.policy = "\n";
      await run.remove({ mode, ...leftBy(mode, { found: "{}", wrote: [] }) });
      assert.deepEqual(run.tailnet.state.written, []);
      assert.match(run.said(), /held no line of this cluster/);
    });
  }

  it("goes from own to merge to none to own, and at no moment lacks a rule", async () => {
    let earlier = leftBy("own", await run.write());
    for (const mode of ["merge", "none", "merge", "own", "none", "own", "merge", "own"]) {
      earlier = leftBy(mode, await run.write({ mode, ...earlier }));
    }
    assert.equal(run.tailnet.state.written.length, 5, "none wrote");
    for (const text of run.tailnet.state.written) assert.deepEqual(findMissing(text, CLUSTER).missing, [], text);
    assert.deepEqual(parsePolicy(earlier.before.found), parsePolicy(PREPARED_TAILNET));
    await run.remove(earlier);
    assert.deepEqual(run.live(), parsePolicy(PREPARED_TAILNET));
  });

  describe("faults of the API", () => {
    for (const [title, fault, expected] of [
      ["401", { status: 401, times: 9 }, /was refused \(401: injected\)\. .*give a current credential/],
      ["403", { status: 403, times: 9 }, /The OAuth client lacks the scope policy_file \(write\)/],
      ["404 of the tailnet", { status: 404, times: 9 }, /Check tailscale:baseUrl and tailscale:tailnet/],
      [
        "429 that asks for more patience than there is",
        { status: 429, times: 9, headers: { "retry-after": "600" } },
        /did not serve POST .*429/,
      ],
      ["5xx that stays", { status: 503, times: 99 }, /did not serve POST .* within 6 s \(last: 503: injected\)/],
      [
        "412 though nobody changes the policy, as where a proxy changes ETags,",
        { status: 412, times: 99 },
        /refused each of 6 times to have the policy written, .*read the same each time\. .*proxy/,
      ],
      ["no answer", { hang: true, times: 99 }, /did not serve POST .*no answer within 0\.3 s/],
    ]) {
      it(`${title} ends with a remedy, and nothing written`, async () => {
        run.tailnet.state.faults.push({ method: "POST", path: /acl$/, ...fault });
        const error = await errorOf(run.write({ mode: "merge" }));
        assert.match(error.message, expected);
        assert.deepEqual(run.tailnet.state.written, []);
      });
    }

    it("429 that asks for no patience gets as few calls as one without Retry-After", async () => {
      for (const after of ["0", new Date(0).toUTCString()]) {
        run.fresh();
        run.tailnet.state.faults.push({ method: "POST", path: /acl$/, status: 429, times: Infinity, headers: { "retry-after": after } });
        await errorOf(run.write({ mode: "merge" }));
        assert.ok(run.attempts() > 2 && run.attempts() < 120, String(run.attempts()));
      }
    });

    it("429 that passes is waited for", async () => {
      run.tailnet.state.faults.push({ method: "POST", path: /acl$/, status: 429, times: 1, headers: { "retry-after": "0" } });
      await run.write({ mode: "merge" });
      assert.equal(run.tailnet.state.written.length, 1);
    });
  });
});
