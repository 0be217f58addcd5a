import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergePolicy, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, fixture, valueOf, WEST, without } from "./support/clusters.mjs";

const LIVE = fixture("acls-commented.hujson");
const { text: MERGED, wrote } = mergePolicy(LIVE, EDGE);
const MARK = " // hybrid-k3s: edge";
const unmarked = (text) => text.replaceAll(MARK, "");

describe("drift", () => {
  for (const [title, drifted] of [
    ["all our lines deleted", without(MERGED, /hybrid-k3s: edge/)],
    ["our rules deleted", without(MERGED, /"action".*hybrid-k3s: edge/)],
    ["a port edited in our line", MERGED.replace("tag:k3s-edge:6443", "tag:k3s-edge:*")],
    ["an owner added in our line", MERGED.replace('["tag:k3s-admin"]', '["tag:k3s-admin", "group:dev"]')],
    ["the approver edited", MERGED.replace('"10.42.0.0/16": ["tag:k3s-edge"]', '"10.42.0.0/16": ["tag:db"]')],
    ["one of our lines written twice", MERGED.replace(/\n.*"dst": \["10\.42\.0\.0\/16:\*"\].*/, "$&$&")],
    ["a section of ours deleted", MERGED.replace(/\n\t"autoApprovers"[^]*?\n\t},/, "")],
  ]) {
    it(`is repaired: ${title}`, () => {
      assert.notEqual(drifted, MERGED);
      const repaired = mergePolicy(drifted, EDGE);
      assert.equal(repaired.text, MERGED);
      assert.ok(repaired.changes.length > 0);
      assert.equal(removeCluster(drifted, EDGE).text, LIVE);
    });
  }

  it("marks our lines again where only their marks were taken away", () => {
    assert.equal(mergePolicy(unmarked(MERGED), EDGE, { wrote }).text, MERGED);
    assert.equal(removeCluster(unmarked(MERGED), EDGE, { wrote }).text, LIVE);
  });

  it("finds its entries by meaning where a tool has rewritten the policy, and does not double them", () => {
    const rewritten = JSON.stringify(valueOf(MERGED), null, 4);
    const repaired = mergePolicy(rewritten, EDGE, { wrote });
    assert.deepEqual(valueOf(repaired.text), valueOf(MERGED));
    assert.equal(repaired.text.split(MARK).length - 1, wrote.length);
    const { autoApprovers, ...rest } = valueOf(removeCluster(repaired.text, EDGE).text);
    assert.deepEqual([autoApprovers, rest], [{ routes: {} }, valueOf(LIVE)]);
  });

  it("marks rules and tests again that are ours to the letter, without the record too, and no key that may be anybody's", () => {
    const rulesOnly = MERGED.replaceAll(/( *"(?:tag:k3s-edge|10\.42\.0\.0\/16)": .*) \/\/ hybrid-k3s: edge/g, "$1");
    // What holds a key that may be anybody's is no section of ours any more.
    assert.equal(mergePolicy(unmarked(MERGED), EDGE).text, rulesOnly.replaceAll(" // hybrid-k3s (section)", ""));
    assert.equal(rulesOnly.split(MARK).length - 1, 7);
  });

  it("doubles nothing without the record of what was written", () => {
    const repaired = mergePolicy(unmarked(MERGED), EDGE);
    assert.deepEqual(valueOf(repaired.text), valueOf(MERGED));
    const rewritten = JSON.stringify(valueOf(MERGED), null, 4);
    assert.equal(mergePolicy(rewritten, EDGE).text, rewritten);
  });

  it("leaves lines of others between ours alone, and our own as others have laid them out", () => {
    const between = MERGED.replace(
      /(\n.*"dst": \["tag:k3s-edge:10250"\].*)/,
      '\n\t\t{"action": "accept", "src": ["tag:web"], "dst": ["tag:web:*"]}, // mine$1',
    );
    const laidOut = between.replace(
      '{"action": "accept", "src": ["group:ops"], "dst": ["tag:k3s-edge:6443"]}',
      '{\n\t\t\t"src": ["group:ops"],\n\t\t\t"action": "accept", "dst": ["tag:k3s-edge:6443"]\n\t\t}',
    );
    assert.notEqual(laidOut, between);
    assert.equal(mergePolicy(laidOut, EDGE).text, laidOut);
    const gone = removeCluster(laidOut, EDGE).text;
    assert.equal(without(gone, /\/\/ mine$/), LIVE);
    assert.match(gone, /\/\/ mine/);
  });

  it("keeps a section of ours that others have written into, and lets go of it", () => {
    const used = MERGED.replace('"routes": { // hybrid-k3s (section)', '$&\n\t\t\t"192.0.2.0/24": ["tag:db"],');
    const gone = removeCluster(used, EDGE).text;
    assert.deepEqual(valueOf(gone), { ...valueOf(LIVE), autoApprovers: { routes: { "192.0.2.0/24": ["tag:db"] } } });
    assert.doesNotMatch(gone, /hybrid-k3s: |hybrid-k3s \(/);
  });

  it("follows a renamed tag and rules that others moved to grants", () => {
    const renamed = { ...EDGE, tag: "tag:edge-2" };
    const moved = MERGED.replace(/\t"acls": \[[^]*?\n\t\],/, (section) => {
      const ours = section.split("\n").filter((line) => line.endsWith(MARK));
      return [
        '\t"acls": [',
        ...ours,
        "\t],",
        '\t"grants": [',
        '\t\t{"src": ["group:dev"], "dst": ["tag:web"], "ip": ["443"]},',
        "\t],",
      ].join("\n");
    });
    const { text } = mergePolicy(moved, renamed);
    assert.equal(text, mergePolicy(removeCluster(moved, EDGE).text, renamed).text);
    assert.deepEqual([valueOf(text).acls, valueOf(text).grants.length, "tag:k3s-edge" in valueOf(text).tagOwners], [[], 6, false]);
  });
});

it("an update stays where it stands, behind another cluster's lines", () => {
  const both = mergePolicy(MERGED, WEST).text;
  const { text } = mergePolicy(both, { ...EDGE, nodePorts: [9100] });
  const changed = text.split("\n").map((line, index) => [both.split("\n")[index], line]);
  assert.deepEqual(
    changed.filter(([before, after]) => before !== after).map(([, after]) => after.trim()),
    [
      '{"action": "accept", "src": ["tag:k3s-edge"], "dst": ["tag:k3s-edge:9100"]}, // hybrid-k3s: edge',
      '{"src": "tag:k3s-edge", "accept": ["tag:k3s-edge:6443", "tag:k3s-edge:9100", "10.42.0.1:443"]}, // hybrid-k3s: edge',
    ],
  );
});

it("an entry of ours goes, with the line break put in for it, once others have written the same beside it", () => {
  const live = fixture("tag-owned.hujson");
  const owned = mergePolicy(live, EDGE).text.replace('"autogroup:admin", "tag:ci"]', '"tag:k3s-admin", $&');
  assert.equal(
    mergePolicy(owned, EDGE)
      .text.split("\n")
      .find((line) => line.includes('"tag:k3s-edge": [')),
    '    "tag:k3s-edge": ["tag:k3s-admin", "autogroup:admin", "tag:ci"], // do not remove',
  );
});

describe("removal", () => {
  it("takes a comma along that others have put on the next line", () => {
    const moved = MERGED.replace(/("10\.42\.0\.0\/16:\*"\]}),( \/\/ hybrid-k3s: edge)(\n\s*)/, "$1$2$3, ");
    assert.notEqual(moved, MERGED);
    assert.deepEqual(valueOf(removeCluster(moved, EDGE).text), valueOf(LIVE));
    assert.deepEqual(valueOf(mergePolicy(moved, { ...EDGE, nodePorts: [] }).text).acls.length, 6);
  });

  it("never lets a comment of others swallow what stands behind our entry on its line", () => {
    const theirs = '{"action": "accept", "src": ["group:dev"], "dst": ["tag:web:22"]}';
    const joined = LIVE.replace("// Developers see", `// note\n{"src": []}, /* hybrid-k3s: edge */ ${theirs},\n$&`);
    assert.deepEqual(valueOf(removeCluster(joined, EDGE).text).acls, [JSON.parse(theirs), ...valueOf(LIVE).acls]);
  });

  it("copes with a mark within a marked entry", () => {
    const nested = MERGED.replace('["tag:k3s-admin"], // hybrid', '[\n\t\t\t"tag:k3s-admin", // hybrid-k3s: edge\n\t\t], // hybrid');
    assert.notEqual(nested, MERGED);
    assert.equal(removeCluster(nested, EDGE).text, LIVE);
    assert.equal(mergePolicy(nested, EDGE).text, MERGED);
  });

  it("keeps the tag's entry, unmarked, where rules of others name the tag", () => {
    const used = MERGED.replace("// Developers see", '{"action": "accept", "src": ["group:dev"], "dst": ["tag:k3s-edge:80"]},\n\t\t$&');
    const { text, kept, changes } = removeCluster(used, EDGE);
    assert.deepEqual(kept, ['tagOwners "tag:k3s-edge"']);
    assert.deepEqual(valueOf(text).tagOwners["tag:k3s-edge"], ["tag:k3s-admin"]);
    assert.doesNotMatch(text, /hybrid-k3s/);
    assert.equal(changes.filter(({ action }) => action === "remove").length, wrote.length);
  });

  it("takes out what a human wrote around nothing of", () => {
    const live = fixture("tag-owned.hujson");
    const { text, changes } = mergePolicy(live, EDGE);
    const owners = changes.filter(({ section }) => section.startsWith("tagOwners") || section.startsWith("autoApprovers"));
    assert.deepEqual(
      owners.map(({ section, entry }) => [section, entry]),
      [
        ["tagOwners.tag:k3s-edge", '"tag:k3s-admin"'],
        ["autoApprovers.routes.10.42.0.0/16", '"tag:k3s-edge"'],
      ],
    );
    assert.equal(removeCluster(text, EDGE).text, live);
  });

  it("adds nothing to an entry that already says it, and takes nothing of it", () => {
    const live = LIVE.replace('"tag:k3s-admin": [],', '$&\n\t\t"tag:k3s-edge": ["tag:k3s-admin"],');
    const { text, wrote: ids } = mergePolicy(live, EDGE);
    assert.deepEqual(
      ids.filter((id) => id.startsWith("tagowners")),
      [],
    );
    assert.equal(removeCluster(text, EDGE, { wrote: ids }).text, live);
  });

  it("knows clusters by their whole name", () => {
    const both = mergePolicy(MERGED, { ...WEST, name: "edge-2" }).text;
    assert.equal(removeCluster(both, { ...WEST, name: "edge-2" }).text, MERGED);
    assert.match(removeCluster(both, EDGE).text, /hybrid-k3s: edge-2/);
  });
});
