import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeTakeover } from "../../../src/operator-tools/policy/judge-takeover.mjs";
import { DEFAULT_ACLS, DEFAULT_GRANTS, PREPARED_TAILNET, OWN, ownPolicy, TAG } from "../support/policy-texts.mjs";

const withLine = (text, line) => text.replace('"acls": [', `"acls": [\n    ${line},`);

describe("judgeTakeover", () => {
  for (const [title, text] of [
    ["the default of the acls form", DEFAULT_ACLS],
    ["the default of the grants form", DEFAULT_GRANTS],
    ["the default without Tailscale SSH", '{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}'],
    ["the first form of the fields", '{"ACLs": [{"Action": "accept", "Users": ["*"], "Ports": ["*:*"]}]}'],
    [
      "the default with Funnel for members",
      '{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}], "nodeAttrs": [{"target": ["autogroup:member"], "attr": ["funnel"]}]}',
    ],
    ["the default with the lines of docs/tailscale.md", PREPARED_TAILNET],
    ["a policy without any line", '{"acls": [], "tagOwners": {}}'],
  ]) {
    it(`accepts ${title}`, () =>
      assert.deepEqual(judgeTakeover(text, OWN), { accepted: true, kind: "default", reason: "it is the vendor's default", lines: [] }));
  }

  for (const [title, text] of [
    [
      "this cluster's document in another order and with comments",
      `// ours\n${JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(OWN.ours)).reverse()))}`,
    ],
    ["an earlier one with other node ports", ownPolicy({ nodePorts: "6443" })],
    [
      "an earlier one with an operator that has left",
      ownPolicy({ operators: ["group:ops", "group:old"], groups: { "group:ops": [], "group:old": ["bob@example.org"] } }),
    ],
    [
      "an earlier one with a group that no line named",
      ownPolicy({ groups: { "group:ops": ["alice@example.org"], "group:old": ["bob@example.org"] } }),
    ],
    ["an earlier one with another podCidr", ownPolicy().replaceAll("10.42.0.0/16", "10.52.0.0/16")],
    ["an earlier one with another owner of the tag", ownPolicy().replaceAll("tag:k3s-admin", "tag:former-admin")],
  ]) {
    it(`accepts ${title}`, () => assert.deepEqual([judgeTakeover(text, OWN).accepted, judgeTakeover(text, OWN).kind], [true, "ours"]));
  }

  for (const [title, text, line] of [
    [
      "a rule of others",
      withLine(DEFAULT_ACLS, '{"action": "accept", "src": ["group:dev"], "dst": ["tag:db:5432"]}'),
      /^line 8: acls: \{"action":"accept","src":\["group:dev"\],"dst":\["tag:db:5432"\]\}$/,
    ],
    [
      "another tag",
      PREPARED_TAILNET.replace('"tag:k3s-admin":', '"tag:web": ["group:dev"], "tag:k3s-admin":'),
      /^line \d+: tagOwners "tag:web": \["group:dev"\]$/,
    ],
    ["another group", PREPARED_TAILNET.replace('"group:ops":', '"group:dev": [], "group:ops":'), /^line \d+: groups "group:dev": \[\]$/],
    ["another cluster's tag", ownPolicy().replaceAll(TAG, "tag:k3s-west"), /tagOwners "tag:k3s-west"/],
    [
      "a rule of ours that reaches further",
      withLine(ownPolicy(), `{"action": "accept", "src": ["${TAG}"], "dst": ["tag:db:5432"]}`),
      /tag:db/,
    ],
    [
      "a stranger's rule to our nodes",
      withLine(ownPolicy(), `{"action": "accept", "src": ["group:dev"], "dst": ["${TAG}:22"]}`),
      /group:dev/,
    ],
    [
      "a rule of ours with a condition",
      withLine(ownPolicy(), `{"action": "accept", "src": ["group:ops"], "dst": ["${TAG}:6443"], "srcPosture": ["posture:x"]}`),
      /srcPosture/,
    ],
    ["everything allowed beside ours", withLine(ownPolicy(), '{"action": "accept", "src": ["*"], "dst": ["*:*"]}'), /"\*:\*"/],
    [
      "a route of others",
      ownPolicy().replace('"routes": {', '"routes": {"192.168.0.0/16": ["tag:router"],'),
      /autoApprovers\.routes "192\.168\.0\.0\/16"/,
    ],
    [
      "an exit node's approver",
      ownPolicy().replace('"autoApprovers": {', '"autoApprovers": {"exitNode": ["tag:exit"],'),
      /autoApprovers\.exitNode: "tag:exit"/,
    ],
    ["tests", DEFAULT_ACLS.replace('"ssh"', '"tests": [{"src": "a@b", "accept": ["tag:x:1"]}],\n"ssh"'), /tests: /],
    ["a switch of the whole tailnet", DEFAULT_ACLS.replace('"ssh"', '"disableIPv4": true,\n"ssh"'), /disableIPv4: true/],
    ["another SSH rule", DEFAULT_ACLS.replace('"check"', '"accept"'), /ssh: /],
  ]) {
    it(`refuses ${title} and shows the line`, () => {
      const verdict = judgeTakeover(text, OWN);
      assert.equal(verdict.accepted, false);
      assert.ok(
        verdict.lines.some((shown) => line.test(shown)),
        verdict.lines.join("\n"),
      );
    });
  }

  it("names the tag of the one other cluster whose policy it is, and none where others have lines too", () => {
    const other = ownPolicy().replaceAll(TAG, "tag:k3s-west");
    const verdict = judgeTakeover(other, OWN);
    assert.equal(verdict.formerTag, "tag:k3s-west");
    assert.equal(verdict.reason, "it is the policy of a cluster with the tag tag:k3s-west, not tag:k3s-edge");
    for (const text of [
      withLine(other, '{"action": "accept", "src": ["group:dev"], "dst": ["tag:db:5432"]}'),
      withLine(other, `{"action": "accept", "src": ["${TAG}"], "dst": ["${TAG}:6443"]}`),
      PREPARED_TAILNET.replace('"tag:k3s-admin":', '"tag:web": [], "tag:k3s-admin":'),
    ])
      assert.equal(judgeTakeover(text, OWN).formerTag, undefined);
  });

  it("shows only the lines that would be lost", () => {
    const { lines } = judgeTakeover(
      withLine(PREPARED_TAILNET, '{"action": "accept", "src": ["a@example.org"], "dst": ["b@example.org:22"]}'),
      OWN,
    );
    assert.equal(lines.length, 1);
  });

  it("refuses what is not HuJSON with the line of the mistake", () => {
    const verdict = judgeTakeover('{\n  "acls": [\n    oops\n  ]\n}', OWN);
    assert.deepEqual(verdict, {
      accepted: false,
      kind: undefined,
      reason: "it cannot be read as HuJSON (line 3: InvalidSymbol)",
      lines: [],
    });
  });
});
