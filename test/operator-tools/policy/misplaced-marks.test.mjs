import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listClusters, mergePolicy, findMissing, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, valueOf } from "./support/clusters.mjs";

const LIVE = `{
  "groups": {"group:ops": ["alice@example.org"]},
  "tagOwners": {"tag:k3s-admin": [], "tag:k3s-edge": ["tag:k3s-admin"]},
  "acls": [
    {"action": "accept", "src": ["group:ops"], "dst": ["tag:k3s-admin:22"]},
  ],
}
`;
const MARK = "// hybrid-k3s: edge";
const THEIRS = '{"action": "accept", "src": ["group:ops"], "dst": ["tag:k3s-admin:443"]}';
const OURS = '{"action": "accept", "src": ["tag:k3s-edge"], "dst": ["tag:k3s-edge:6443"]}';

describe("a mark that somebody put where this program puts none", () => {
  it("behind a whole section gives nobody's routes away", () => {
    const routes = `"autoApprovers": {"routes": {"192.0.2.0/24": ["tag:k3s-admin"], "10.42.0.0/16": ["tag:k3s-edge"]}}, ${MARK}`;
    const live = LIVE.replace('  "acls"', `  ${routes}\n  "acls"`);
    const { text, refusals } = mergePolicy(live, EDGE);
    assert.deepEqual(refusals, []);
    assert.deepEqual(findMissing(text, EDGE).missing, []);
    assert.deepEqual(valueOf(text).autoApprovers, valueOf(live).autoApprovers);
    assert.equal(removeCluster(text, EDGE).text, live);
    assert.deepEqual(listClusters(live), []);
  });

  it("behind a section that stands last on a line with others takes nothing of it", () => {
    const live = LIVE.replace(/\n {2}\],/, `\n  ], ${MARK}`);
    assert.deepEqual(removeCluster(mergePolicy(live, EDGE).text, EDGE).text, live);
  });

  it("inside a rule leaves the rule whole", () => {
    const rule = `{\n      "action": "accept",\n      "src": ["tag:k3s-edge"],\n      "dst": ["tag:k3s-edge:6443"] ${MARK}\n    },`;
    const live = LIVE.replace('"acls": [', `"acls": [\n    ${rule}`);
    const { text } = mergePolicy(live, EDGE);
    for (const result of [text, removeCluster(text, EDGE).text])
      for (const { action, src, dst } of valueOf(result).acls) assert.ok(action && src && dst, result);
  });

  for (const [title, line] of [
    ["behind ours and theirs", `${OURS}, ${THEIRS}, ${MARK}`],
    ["behind theirs and ours", `${THEIRS}, ${OURS}, ${MARK}`],
  ]) {
    it(`${title} on one line does not tell whose they are, and nothing is changed`, () => {
      const live = LIVE.replace('"acls": [', `"acls": [\n    ${line}`);
      for (const { text, refusals } of [mergePolicy(live, EDGE), removeCluster(live, EDGE)]) {
        assert.equal(text, live);
        assert.deepEqual(
          refusals.map(({ what, remedy, line: at }) => [what, remedy, at]),
          [
            [
              'the mark "hybrid-k3s: edge" stands behind several entries, and does not tell which of them is this cluster\'s',
              "Put each entry on a line of its own.",
              5,
            ],
          ],
        );
      }
      assert.deepEqual(mergePolicy(live, { ...EDGE, name: "west", tag: "tag:k3s-west", podCidr: "10.52.0.0/16" }).refusals, []);
    });
  }
});

it("a word behind the mark of another stack does not make its lines ours", () => {
  const [one, two] = ["hybrid-k3s/one", "hybrid-k3s/two"].map((stack) => ({ ...EDGE, stack }));
  const { text } = mergePolicy(LIVE, one);
  for (const words of [", do not touch", "; see the wiki", ":", " (theirs)"]) {
    const live = text.replaceAll("(stack hybrid-k3s/one)", `(stack hybrid-k3s/one)${words}`);
    assert.equal(removeCluster(live, two).text, live);
    assert.equal(removeCluster(live, one).text, LIVE);
  }
});

it("a comma that somebody put on the next line goes with the section that was made", () => {
  const { text } = mergePolicy(LIVE, EDGE);
  const commaFirst = text.replace('  },\n  "tests"', '  }\n  , "tests"');
  assert.notEqual(commaFirst, text);
  assert.deepEqual(valueOf(removeCluster(commaFirst, EDGE).text), valueOf(LIVE));
  assert.deepEqual(findMissing(mergePolicy(commaFirst, EDGE).text, EDGE).missing, []);
});
