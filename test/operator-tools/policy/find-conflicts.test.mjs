import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergePolicy, removeCluster } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, fixture, WEST } from "./support/clusters.mjs";

const LIVE = `{
  "groups": {"group:ops": ["alice@example.org"]},
  "tagOwners": {
    "tag:k3s-admin": [],
    "tag:router": [],
  },
  "autoApprovers": {"routes": {
    "192.0.2.0/24": ["tag:router"],
  }},
  "acls": [],
}
`;
const withRoute = (route) => LIVE.replace('"192.0.2.0/24": ["tag:router"]', route);

describe("a merge is refused", () => {
  for (const [title, text, cluster, expected] of [
    [
      "where another cluster has an overlapping podCidr",
      mergePolicy(LIVE, WEST).text,
      { ...EDGE, podCidr: "10.52.128.0/17" },
      [[/^the podCidr 10\.52\.128\.0\/17 overlaps 10\.52\.0\.0\/16, the podCidr of the cluster west$/, /another cluster\.podCidr/, 13]],
    ],
    [
      "where others may serve a wider route",
      withRoute('"10.0.0.0/8": ["tag:router", "tag:k3s-edge"]'),
      EDGE,
      [[/overlaps 10\.0\.0\.0\/8, a route that tag:router may serve/, /narrow this route\.$/, 8]],
    ],
    ["where others may serve the very podCidr", withRoute('"10.42.0.0/16": ["tag:router"]'), EDGE, [[/overlaps 10\.42\.0\.0\/16/, /./, 8]]],
    ["where others may serve every route", withRoute('"0.0.0.0/0": ["tag:router"]'), EDGE, [[/overlaps 0\.0\.0\.0\/0/, /exitNode/, 8]]],
    [
      "where the tag is another cluster's",
      mergePolicy(LIVE, WEST).text,
      { ...EDGE, tag: WEST.tag },
      [[/^tag:k3s-west is the tag of the cluster west/, /vpn\.tag/, 8]],
    ],
    [
      "where another cluster has added an owner to the tag",
      mergePolicy(LIVE.replace('"tag:router": [],', '"tag:router": [],\n    "tag:k3s-west": ["tag:router"],'), WEST).text,
      { ...EDGE, tag: WEST.tag },
      [[/is the tag of the cluster west/, /./, undefined]],
    ],
    [
      "where people own the tag",
      LIVE.replace('"tag:router": [],', '"tag:k3s-edge": ["group:ops", "autogroup:admin", "tag:router"],'),
      EDGE,
      [[/^tag:k3s-edge is owned by group:ops, whose every device/, /./, 5]],
    ],
    [
      "where people own the tag that makes nodes, or one behind it",
      LIVE.replace('"tag:k3s-admin": []', '"tag:k3s-admin": ["autogroup:member", "tag:ci"]').replace(
        '"tag:router": [],',
        '"tag:ci": ["dora@example.org", "autogroup:admin", "tag:k3s-admin"],',
      ),
      EDGE,
      [
        [
          /^tag:k3s-admin, which can give out tag:k3s-edge, is owned by autogroup:member, whose every device could make itself a node/,
          /^Take this owner out of tagOwners, or choose another vpn\.tagOwners\.$/,
          4,
        ],
        [/^tag:ci, which can give out tag:k3s-edge, is owned by dora@example\.org,/, /./, 5],
      ],
    ],
    [
      "where people own a tag that owns the tag",
      LIVE.replace('"tag:router": [],', '"tag:router": ["group:ops"], "tag:k3s-edge": ["tag:router"],'),
      EDGE,
      [[/^tag:router, which can give out tag:k3s-edge, is owned by group:ops,/, /./, 5]],
    ],
    [
      "where names are not defined, all of them",
      LIVE,
      { ...EDGE, tagOwners: ["tag:oauth"], operators: ["group:sre", "tag:ci", "bob@example.org"], groups: { sre: ["bob@example.org"] } },
      [
        [/does not define group:sre, which vpn\.operators names/, /^Add "group:sre": \["bob@example\.org"\] to its groups\.$/, 2],
        [/does not define tag:oauth, which vpn\.tagOwners names/, /^Add "tag:oauth": \[\]/, 3],
        [/does not define tag:ci, which vpn\.operators names/, /./, 3],
      ],
    ],
    [
      "where the config's group is another than the policy's",
      LIVE,
      { ...EDGE, groups: { ops: ["bob@example.org"] } },
      [[/group:ops is \["alice@example\.org"\], and vpn\.groups says \["bob@example\.org"\]/, /Leave it out/, 2]],
    ],
    [
      "where no section gives rules, so that all is allowed",
      LIVE.replace('  "acls": [],\n', ""),
      EDGE,
      [[/neither grants nor acls/, /"ip": \["\*"\]/, 1]],
    ],
    ["where it is not HuJSON", LIVE.replace('"acls": []', '"acls": ['), EDGE, [[/not HuJSON/, /./, 10]]],
    ["where it is not an object", "[]", EDGE, [[/not HuJSON: not an object/, /./, 1]]],
    ["where it is empty", " \n", EDGE, [[/is empty/, /./, 1]]],
    [
      "where a section stands twice, in whatever case",
      LIVE.replace('"acls": [],', '"acls": [],\n  "ACLs": [],'),
      EDGE,
      [[/"ACLs" stands twice in the policy/, /./, 11]],
    ],
    [
      "where a key stands twice",
      LIVE.replace('"tag:router": [],', '"tag:router": [],\n    "tag:router": [],'),
      EDGE,
      [[/"tag:router" stands twice in tagOwners/, /./, 6]],
    ],
    ["where a section has another form", LIVE.replace('"acls": []', '"acls": {}'), EDGE, [[/acls is no list/, /./, 10]]],
    [
      "where a tag has another form",
      LIVE.replace('"tag:router": []', '"tag:router": "group:ops"'),
      EDGE,
      [[/tagOwners\.tag:router is no list/, /./, 5]],
    ],
  ]) {
    it(title, () => {
      const { text: result, changes, refusals } = mergePolicy(text, cluster);
      assert.deepEqual([result, changes], [text, []]);
      assert.equal(refusals.length, expected.length, JSON.stringify(refusals, null, 1));
      for (const [index, [what, remedy, line]] of expected.entries()) {
        assert.match(refusals[index].what, what);
        assert.match(refusals[index].remedy, remedy);
        if (line !== undefined) assert.equal(refusals[index].line, line);
      }
    });
  }

  it("for every reason at once", () => {
    const text = withRoute('"10.0.0.0/8": ["tag:router"]').replace('  "acls": [],\n', "");
    assert.equal(mergePolicy(text, { ...EDGE, operators: ["group:none"] }).refusals.length, 3);
  });
});

describe("a merge is not refused", () => {
  it("for a route of the cluster's own tag that holds podCidr", () =>
    assert.deepEqual(mergePolicy(withRoute('"10.0.0.0/8": ["tag:k3s-edge"]'), EDGE).refusals, []));
  it("for a group of the config that the policy has alike", () =>
    assert.deepEqual(mergePolicy(LIVE, { ...EDGE, groups: { "group:ops": ["alice@example.org"] } }).refusals, []));
  it("for its own former podCidr", () =>
    assert.deepEqual(mergePolicy(mergePolicy(LIVE, EDGE).text, { ...EDGE, podCidr: "10.42.0.0/15" }).refusals, []));
});

it("a removal from what cannot be read is refused, and nothing changed", () => {
  const text = fixture("crlf.hujson").replace("{", "");
  const { text: result, refusals } = removeCluster(text, EDGE);
  assert.deepEqual([result, refusals.length], [text, 1]);
});
