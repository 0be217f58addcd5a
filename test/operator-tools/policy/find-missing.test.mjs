import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergePolicy, findMissing } from "../../../src/operator-tools/policy/index.mjs";
import { EDGE, FIXTURES, fixture, valueOf } from "./support/clusters.mjs";

const WHOLE = {
  groups: { "group:ops": ["alice@example.org", "bob@example.org"] },
  hosts: { pods: "10.42.0.0/15" },
  tagOwners: { "tag:k3s-admin": [], "tag:k3s-edge": ["tag:k3s-admin"] },
  autoApprovers: { routes: { "10.0.0.0/8": ["tag:k3s-edge"] } },
  acls: [
    { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:6443"] },
    { action: "accept", src: ["tag:k3s-edge", "10.42.0.0/16"], dst: ["10.42.0.0/16:*"] },
    { action: "accept", src: ["tag:k3s-edge"], dst: ["tag:k3s-edge:10250"] },
    { action: "accept", src: ["group:ops"], dst: ["tag:k3s-edge:6443"] },
  ],
};
const WITHOUT_RULES = Object.fromEntries(Object.entries(WHOLE).filter(([section]) => section !== "acls"));
const lacks = (policy, cluster = EDGE) => findMissing(JSON.stringify(policy), cluster).missing.map(({ what }) => what);
const withAcls = (...acls) => ({
  ...WHOLE,
  acls: acls.map(([src, dst, more]) => ({ action: "accept", src: [src].flat(), dst: [dst].flat(), ...more })),
});
const withGrants = (...grants) => {
  return {
    ...WITHOUT_RULES,
    grants: grants.map(([src, dst, ip, more]) => ({ src: [src].flat(), dst: [dst].flat(), ip: [ip].flat(), ...more })),
  };
};
const PODS = [["tag:k3s-edge", "10.42.0.0/16"], "10.42.0.0/16:*"];
const ALL = ["agents to servers", "nodes to pods", "pods to pods", "nodes to nodes", "operators to servers"];

describe("a policy lacks nothing", () => {
  for (const [title, policy] of [
    ["with the very rules", WHOLE],
    ["with everything allowed", withAcls(["*", "*:*"])],
    ["with everything allowed by a grant", withGrants(["*", "*", "*"])],
    ["without any section of rules", WITHOUT_RULES],
    ["with wider networks and ranges", withAcls([["tag:k3s-edge", "10.0.0.0/8"], "10.0.0.0/8:0-65535"], ...covers("0-65535"), PODS)],
    ["with a host's alias for the pods", withAcls([["tag:k3s-edge", "pods"], "pods:*"], ...covers("6443,10250"))],
    [
      "with port lists, each port by another rule",
      withAcls(
        PODS,
        ["tag:k3s-edge", "tag:k3s-edge:6000-7000"],
        ["autogroup:tagged", "autogroup:tagged:10250"],
        ["autogroup:member", "tag:k3s-edge:443,6443"],
      ),
    ],
    [
      "with the operators' people one by one",
      withAcls(
        PODS,
        ["tag:k3s-edge", "tag:k3s-edge:6443,10250"],
        ["alice@example.org", "tag:k3s-edge:6443"],
        ["bob@example.org", "*:6443"],
      ),
    ],
    [
      "with grants by protocol",
      withGrants(
        ["tag:k3s-edge", "tag:k3s-edge", ["tcp:6443", "tcp:10250"]],
        [["tag:k3s-edge", "10.42.0.0/16"], "10.42.0.0/16", "*"],
        ["group:ops", "tag:k3s-edge", "tcp:*"],
      ),
    ],
    ["with the first form of the fields", { ...WHOLE, acls: [{ Action: "accept", Users: ["*"], Ports: ["*:*"] }] }],
  ]) {
    it(title, () => assert.deepEqual(findMissing(JSON.stringify(policy), EDGE), { missing: [], text: "", refusals: [] }));
  }

  for (const name of FIXTURES) {
    it(`after a merge into ${name}`, () => assert.deepEqual(findMissing(mergePolicy(fixture(name), EDGE).text, EDGE).missing, []));
  }
});

describe("a policy lacks", () => {
  for (const [title, policy, expected] of [
    ["all rules where it has none", { ...WHOLE, acls: [] }, ALL],
    ["all rules where its only grant is for an application", withGrants(["*", "*", []]), ALL],
    ["what rules give to some devices only", withAcls(["*", "*:*", { srcPosture: ["posture:current"] }]), ALL],
    [
      "what a default posture withholds from nodes, and a posture that they meet",
      { ...withAcls(["*", "*:*"]), defaultSrcPosture: ["posture:current"] },
      ["a posture that nodes meet, for defaultSrcPosture", ...ALL.filter((what) => what !== "operators to servers")],
    ],
    ["what goes another way", withGrants(["*", "*", "*", { via: ["tag:router"] }]), ALL],
    [
      "what is open for UDP only",
      withAcls(PODS, ["*", "tag:k3s-edge:*", { proto: "udp" }]),
      ["agents to servers", "nodes to nodes", "operators to servers"],
    ],
    ["pods that are open for TCP only", withAcls(["*", "*:*", { proto: "tcp" }]), ["nodes to pods", "pods to pods"]],
    ["pods that a rule covers in part", withAcls(...covers("*"), ["*", "10.42.0.0/17:*"]), ["nodes to pods", "pods to pods"]],
    ["pods as sources: the tag does not hold them", withAcls(...covers("*"), ["tag:k3s-edge", "10.42.0.0/16:*"]), ["pods to pods"]],
    [
      "one operator of two",
      withAcls(PODS, ["tag:k3s-edge", "tag:k3s-edge:*"], ["alice@example.org", "tag:k3s-edge:6443"]),
      ["operators to servers"],
    ],
    ["an owner of the tag", { ...WHOLE, tagOwners: { "tag:k3s-admin": [], "tag:k3s-edge": [] } }, ["tag:k3s-edge owned by tag:k3s-admin"]],
    ["the owning tag", { ...WHOLE, tagOwners: { "tag:k3s-edge": ["tag:k3s-admin"] } }, ["the tag tag:k3s-admin"]],
    [
      "approval of the whole podCidr",
      { ...WHOLE, autoApprovers: { routes: { "10.42.0.0/17": ["tag:k3s-edge"] } } },
      ["approval of the pod routes in 10.42.0.0/16"],
    ],
    [
      "approval for this tag",
      { ...WHOLE, autoApprovers: { routes: { "10.42.0.0/16": ["tag:router"] } } },
      ["approval of the pod routes in 10.42.0.0/16"],
    ],
    ["a group", { ...WHOLE, groups: {} }, ["the group group:ops"]],
  ]) {
    it(title, () => assert.deepEqual(lacks(policy), expected));
  }
});

describe("a policy of others is refused, whatever is added", () => {
  const routes = (more) => ({ ...WHOLE, autoApprovers: { routes: { ...WHOLE.autoApprovers.routes, ...more } } });
  for (const [title, policy, expected, remedy] of [
    [
      "where others may serve a part of podCidr",
      routes({ "10.42.7.0/24": ["tag:router"] }),
      /^the podCidr 10\.42\.0\.0\/16 overlaps 10\.42\.7\.0\/24, a route that tag:router may serve/,
      /another cluster\.podCidr/,
    ],
    [
      "where others may serve its approved route beside its own nodes",
      routes({ "10.0.0.0/8": ["tag:k3s-edge", "tag:router"] }),
      /overlaps 10\.0\.0\.0\/8, a route that tag:router may serve/,
      /narrow this route/,
    ],
    [
      "where people own the tag",
      { ...WHOLE, tagOwners: { "tag:k3s-admin": [], "tag:k3s-edge": ["tag:k3s-admin", "group:ops"] } },
      /^tag:k3s-edge is owned by group:ops, whose every device/,
      /Take this owner out of tagOwners/,
    ],
  ]) {
    it(title, () => {
      const { missing, refusals } = findMissing(JSON.stringify(policy, null, 2), EDGE);
      assert.deepEqual([missing, refusals.length], [[], 1]);
      const [{ what, remedy: toDo, line }] = refusals;
      assert.match(what, expected);
      assert.match(toDo, remedy);
      assert.ok(line > 1);
    });
  }

  it("where people own the tag in a line with this cluster's mark, which nobody but its author mends", () => {
    const owners = '"tag:k3s-edge": ["tag:k3s-admin", "group:ops"], // hybrid-k3s: edge';
    const text = JSON.stringify(WHOLE, null, 1).replace(/"tag:k3s-edge": \[\s+"tag:k3s-admin"\s+\]/, owners);
    assert.match(findMissing(text, EDGE).refusals[0].what, /owned by group:ops/);
  });

  it("where another cluster has the tag or an overlapping podCidr", () => {
    const { text } = mergePolicy(JSON.stringify({ ...WHOLE, autoApprovers: {}, tagOwners: { "tag:k3s-admin": [] } }), {
      ...EDGE,
      name: "west",
      podCidr: "10.42.128.0/17",
    });
    assert.deepEqual(
      findMissing(text, EDGE).refusals.map(({ what }) => what),
      ["tag:k3s-edge is the tag of the cluster west, whose mark stands behind it"],
    );
    assert.deepEqual(
      findMissing(text, { ...EDGE, tag: "tag:k3s-north" }).refusals.map(({ what }) => what),
      ["the podCidr 10.42.0.0/16 overlaps 10.42.128.0/17, the podCidr of the cluster west"],
    );
  });
});

describe("the lines to add", () => {
  it("are the exact ones, each section once", () => {
    const live =
      '{"groups": {"group:ops": []}, "tagOwners": {"tag:k3s-admin": []}, "grants": [{"src": ["*"], "dst": ["10.42.0.0/16"], "ip": ["*"]}, {"src": ["tag:k3s-edge"], "dst": ["tag:k3s-edge"], "ip": ["6443"]}]}';
    assert.equal(
      findMissing(live, { ...EDGE, nodePorts: [6443, 9100] }).text,
      [
        '"tagOwners": {',
        '  "tag:k3s-edge": ["tag:k3s-admin"], // hybrid-k3s: edge',
        "},",
        '"autoApprovers": {"routes": {',
        '  "10.42.0.0/16": ["tag:k3s-edge"], // hybrid-k3s: edge',
        "}},",
        '"grants": [',
        '  {"src": ["tag:k3s-edge"], "dst": ["tag:k3s-edge"], "ip": ["9100"]}, // hybrid-k3s: edge',
        '  {"src": ["group:ops"], "dst": ["tag:k3s-edge"], "ip": ["6443"]}, // hybrid-k3s: edge',
        "],",
      ].join("\n"),
    );
  });

  it("say so where they take an entry's place", () => {
    const { text } = findMissing(JSON.stringify({ ...WHOLE, tagOwners: { "tag:k3s-admin": [], "tag:k3s-edge": ["tag:ci"] } }), EDGE);
    assert.match(text, /"tag:k3s-edge": \["tag:ci", "tag:k3s-admin"\], .*in the place of the present entry$/m);
  });

  it("are all that a merge then finds, when added", () => {
    const live = { groups: WHOLE.groups, tagOwners: { "tag:k3s-admin": [] }, acls: [] };
    const added = valueOf(`{${findMissing(JSON.stringify(live), EDGE).text}}`);
    const done = { ...live, ...added, tagOwners: { ...live.tagOwners, ...added.tagOwners } };
    assert.deepEqual(lacks(done), []);
    const { changes } = mergePolicy(JSON.stringify(done), EDGE);
    assert.deepEqual([...new Set(changes.map(({ section }) => section))], ["tests"]);
  });

  it("are not there for what cannot be read", () => assert.equal(findMissing("{", EDGE).refusals.length, 1));
});

function covers(ports) {
  return [
    ["tag:k3s-edge", `tag:k3s-edge:${ports}`],
    ["group:ops", `tag:k3s-edge:${ports}`],
  ];
}
