import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planPolicy } from "../../../src/plan/plan-policy.ts";
import { clusterRules, listClusters, mergePolicy, diffPolicy, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, FIXTURES, fixture, valueOf, WEST } from "./support/clusters.mjs";

const GRANTS = [
  { src: ["tag:k3s-edge"], dst: ["tag:k3s-edge"], ip: ["6443"] },
  { src: ["tag:k3s-edge"], dst: ["10.42.0.0/16"], ip: ["*"] },
  { src: ["10.42.0.0/16"], dst: ["10.42.0.0/16"], ip: ["*"] },
  { src: ["tag:k3s-edge"], dst: ["tag:k3s-edge"], ip: ["10250"] },
  { src: ["group:ops"], dst: ["tag:k3s-edge"], ip: ["6443"] },
];
const STRICT = { ...EDGE, policyTests: "strict" };
const RULES = { acls: planPolicy(EDGE).acls, grants: GRANTS };
const accepts = (src, accept, deny) => ({ src, accept, ...(deny && { deny }) });
const NODE_ACCEPTS = ["tag:k3s-edge:6443", "tag:k3s-edge:10250", "10.42.0.1:443"];
const CLOSED = [
  accepts("tag:k3s-edge", NODE_ACCEPTS, ["tag:k3s-edge:22"]),
  accepts("group:ops", ["tag:k3s-edge:6443"], ["tag:k3s-edge:22", "10.42.0.1:443"]),
];
// What `accept` adds; and where everything is allowed already, nothing can be denied.
const OPEN = [accepts("tag:k3s-edge", NODE_ACCEPTS), accepts("group:ops", ["tag:k3s-edge:6443"])];

const EXPECTED = {
  "acls-commented.hujson": { form: "acls", tests: CLOSED },
  "both-forms.hujson": { form: "acls", tests: CLOSED },
  "crlf.hujson": { form: "acls", tests: CLOSED },
  "empty-sections.hujson": { form: "grants", tests: CLOSED },
  "grants-default.hujson": { form: "grants", tests: OPEN },
  // What devices stand in an IP set, and whether sre and ops share people, the policy does not tell.
  "grants-postures.hujson": { form: "grants", tests: [CLOSED[0], OPEN[1]] },
  "one-line.hujson": { form: "acls", tests: CLOSED },
  "ssh-and-tests.hujson": { form: "grants", tests: CLOSED },
  "tag-owned.hujson": { form: "acls", tests: CLOSED },
  "two-spaces-strict.hujson": { form: "acls", tests: CLOSED },
};

function expectedValue(found, { form, tests }) {
  const owners = found.tagOwners[EDGE.tag] ?? [];
  const routes = found.autoApprovers?.routes ?? {};
  return {
    ...found,
    tagOwners: { ...found.tagOwners, [EDGE.tag]: ["tag:k3s-admin", ...owners] },
    autoApprovers: { ...found.autoApprovers, routes: { ...routes, [EDGE.podCidr]: [EDGE.tag, ...(routes[EDGE.podCidr] ?? [])] } },
    [form]: [...RULES[form], ...(found[form] ?? [])],
    tests: [...tests, ...(found.tests ?? [])],
  };
}

describe("the cluster's rules", () => {
  it("are those of policy own", () => assert.deepEqual(clusterRules(EDGE, "acls"), planPolicy(EDGE).acls));
  it("leave out node ports where there are none", () => assert.deepEqual(clusterRules(WEST, "acls"), planPolicy(WEST).acls));
  it("say the same as grants", () => assert.deepEqual(clusterRules(EDGE, "grants"), GRANTS));
});

it("has an expectation for each policy", () => assert.deepEqual(FIXTURES, Object.keys(EXPECTED)));

for (const [name, expected] of Object.entries(EXPECTED)) {
  describe(`merging into ${name}`, () => {
    const live = fixture(name);
    const merged = mergePolicy(live, STRICT);

    it("adds exactly what the cluster needs, and denies to others only where the stack wants that", () => {
      const { form } = expected;
      const accepting = mergePolicy(live, EDGE);
      const none = mergePolicy(live, { ...EDGE, policyTests: "none" });
      assert.deepEqual([merged.refusals, accepting.refusals, none.refusals], [[], [], []]);
      assert.deepEqual(valueOf(merged.text), expectedValue(valueOf(live), expected));
      assert.deepEqual(valueOf(accepting.text), expectedValue(valueOf(live), { form, tests: OPEN }));
      assert.deepEqual(valueOf(none.text).tests, valueOf(live).tests);
      // From one to the other, and back.
      assert.equal(mergePolicy(merged.text, EDGE).text, accepting.text);
      assert.deepEqual(valueOf(mergePolicy(none.text, STRICT).text), valueOf(merged.text));
      assert.deepEqual(valueOf(mergePolicy(merged.text, { ...EDGE, policyTests: "none" }).text), valueOf(none.text));
    });

    it("leaves every byte of others in its place", () => assert.ok(isSubsequence(live, merged.text)));

    it("puts each entry on a line of its own, with the cluster's name", () => {
      const ownLines = linesAdded(live, merged.text).filter((line) => line.endsWith("// hybrid-k3s: edge"));
      assert.equal(ownLines.length, merged.changes.length);
      assert.ok(merged.changes.every(({ action }) => action === "add"));
      const lines = merged.text.split("\n");
      for (const { entry, line } of merged.changes) assert.ok(lines[line - 1].includes(`${entry}, // hybrid-k3s: edge`));
    });

    it("keeps the form of its line ends", () => {
      if (!live.includes("\r\n")) return assert.ok(!merged.text.includes("\r"));
      return assert.equal(merged.text.replaceAll("\r\n", "").match(/[\r\n]/), null);
    });

    it("changes nothing the second time", () => {
      const again = mergePolicy(merged.text, STRICT, { wrote: merged.wrote });
      assert.deepEqual([again.text, again.changes, again.wrote], [merged.text, [], merged.wrote]);
      assert.equal(mergePolicy(merged.text, STRICT).text, merged.text);
    });

    it("gives the original bytes back", () => {
      assert.equal(removeCluster(merged.text, STRICT).text, live);
      assert.equal(removeCluster(merged.text, STRICT, { wrote: merged.wrote }).text, live);
      assert.deepEqual(removeCluster(live, STRICT), { text: live, changes: [], kept: [], refusals: [] });
    });

    it("stands beside a second cluster's entries, which leaves and comes in any order", () => {
      const both = mergePolicy(merged.text, WEST);
      assert.deepEqual(both.refusals, []);
      assert.deepEqual(
        listClusters(both.text)
          .map((cluster) => cluster.name)
          .sort(),
        ["edge", "west"],
      );
      assert.equal(mergePolicy(both.text, STRICT).text, both.text);
      assert.equal(removeCluster(both.text, WEST).text, merged.text);
      assert.equal(removeCluster(both.text, STRICT).text, mergePolicy(live, WEST).text);
      assert.equal(removeCluster(removeCluster(both.text, STRICT).text, WEST).text, live);
    });

    it("changes only its own lines with the config", () => {
      const changed = { ...STRICT, nodePorts: [9100, 10250], podCidr: "10.46.0.0/16", operators: ["group:ops", "alice@example.org"] };
      const updated = mergePolicy(merged.text, changed, { wrote: merged.wrote });
      assert.deepEqual(updated.refusals, []);
      assert.equal(removeCluster(updated.text, changed).text, live);
      assert.equal(mergePolicy(updated.text, STRICT).text, merged.text);
    });
  });
}

it("shows its lines in the style of the file", () => {
  const live = fixture("acls-commented.hujson");
  const { text } = mergePolicy(live, EDGE);
  const rule = (src, dst) => `+\t\t{"action": "accept", "src": ["${src}"], "dst": ["${dst}"]}, // hybrid-k3s: edge`;
  assert.deepEqual(
    diffPolicy(live, text)
      .split("\n")
      .filter((line) => /^[-+]/.test(line)),
    [
      '+\t"autoApprovers": { // hybrid-k3s (section)',
      '+\t\t"routes": { // hybrid-k3s (section)',
      '+\t\t\t"10.42.0.0/16": ["tag:k3s-edge"], // hybrid-k3s: edge',
      "+\t\t},",
      "+\t},",
      '+\t\t"tag:k3s-edge": ["tag:k3s-admin"], // hybrid-k3s: edge',
      rule("tag:k3s-edge", "tag:k3s-edge:6443"),
      rule("tag:k3s-edge", "10.42.0.0/16:*"),
      rule("10.42.0.0/16", "10.42.0.0/16:*"),
      rule("tag:k3s-edge", "tag:k3s-edge:10250"),
      rule("group:ops", "tag:k3s-edge:6443"),
      '+\t\t{"src": "tag:k3s-edge", "accept": ["tag:k3s-edge:6443", "tag:k3s-edge:10250", "10.42.0.1:443"]}, // hybrid-k3s: edge',
      '+\t\t{"src": "group:ops", "accept": ["tag:k3s-edge:6443"]}, // hybrid-k3s: edge',
    ],
  );
});

function linesAdded(before, after) {
  return diffPolicy(before, after)
    .split("\n")
    .filter((line) => line.startsWith("+"));
}

function isSubsequence(part, whole) {
  let at = 0;
  for (const char of whole) if (char === part[at]) at += 1;
  return at === part.length;
}
