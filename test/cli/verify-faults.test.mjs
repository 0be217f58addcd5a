import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findFaults } from "../../src/cli/verify/find-faults.mjs";

const CIDRS = { a: "10.42.0.0/24", b: "10.42.1.0/24", c: "10.42.2.0/24" };
const NAMES = Object.keys(CIDRS);
const NODES = NAMES.map((name) => ({
  name,
  role: "agent",
  isReady: true,
  k3s: "v1",
  cidr: CIDRS[name],
  address: `100.64.0.${name}`,
  troubles: [],
}));
const PAIRS = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => [from, to]));
const CHECKS = ["pod-http", "pod-udp", "node-pod", "pod-closed", "full-packet", "pod-kubelet", "node-kubelet", "route"];
const ROUTES = new Map(NAMES.map((name) => [name, Object.values(CIDRS)]));

/** All pairs are well, but for those cases that `wrong` has words for. */
function faultsWith(wrong, { nodes = NODES, routes = ROUTES, unseen = new Map(), more = [] } = {}) {
  const cases = PAIRS.flatMap(([from, to]) =>
    CHECKS.map((check) => {
      const seen = wrong({ check, from, to }) || "";
      return { check, from, to, verdict: seen === "" ? "passed" : "failed", seen };
    }),
  );
  return findFaults({ nodes, pods: [], cases: [...cases, ...more], paths: [], routes, unseen });
}
const failed = (check, from, seen = "no") => ({ check, from, to: "", verdict: "failed", seen });

describe("the faults that verify names", () => {
  it("are none where all is well", () =>
    assert.deepEqual(
      faultsWith(() => ""),
      [],
    ));

  it("a withdrawn route: once, with the node and its network, and nothing else for what follows from it", () => {
    const routes = new Map(NAMES.map((name) => [name, Object.values(CIDRS).filter((cidr) => cidr !== CIDRS.b)]));
    const faults = faultsWith(
      ({ check, from, to }) =>
        (to === "b" && /^pod-|node-pod|full|route/.test(check)) || (from === "b" && check.startsWith("pod-")) ? "no answer" : "",
      { routes, more: [failed("service", "a", "timeout"), failed("dns-inside", "b", "timeout")] },
    );
    assert.equal(faults.length, 1, JSON.stringify(faults, undefined, 1));
    assert.match(faults[0].what, /pods on b are not reached/);
    assert.match(faults[0].cause, /10\.42\.1\.0\/24.*autoApprovers/);
  });

  it("a small MTU: the pairs whose large packets are lost while small ones pass", () => {
    const faults = faultsWith(({ check, from }) =>
      check === "full-packet" && from === "c" ? "a packet of 1280 bytes does not arrive" : "",
    );
    assert.equal(faults.length, 1);
    assert.match(faults[0].what, /large packets are lost between c -> a, c -> b/);
    assert.match(faults[0].cause, /MTU/);
  });

  it("no MTU where nothing passes at all", () => {
    const faults = faultsWith(({ from, to }) => (from === "a" && to === "b" ? "no answer" : ""));
    assert.ok(faults.length > 0);
    for (const { cause } of faults) assert.doesNotMatch(cause, /MTU of an interface/);
  });

  it("network policies that are not in force, by the node that lets in", () => {
    const faults = faultsWith(({ check, to }) =>
      check === "pod-closed" && to === "b" ? "answers, though a network policy closes it" : "",
    );
    assert.deepEqual(
      faults.map(({ what }) => what),
      ["network policies are not in force on b"],
    );
  });

  it("a changed sender", () => {
    const [fault] = faultsWith(({ check, from }) =>
      check === "pod-http" && from === "a" ? "sent by 10.42.0.5, arrived as 100.64.0.1" : "",
    );
    assert.match(fault.what, /sender's address is changed/);
    assert.match(fault.remedy, /snat-subnet-routes=false/);
  });

  it("a missing rule for the kubelets where none is reached, a host's firewall where one is not", () => {
    const all = faultsWith(({ check }) => (check.endsWith("kubelet") ? "timed out" : ""), {
      more: [failed("exec", "b"), failed("metrics", "c")],
    });
    assert.deepEqual([all.length, all[0].what], [1, "no node reaches another's kubelet"]);
    assert.match(all[0].cause, /policy.*10250/);
    const one = faultsWith(({ check, to }) => (check.endsWith("kubelet") && to === "c" ? "timed out" : ""));
    assert.equal(one.length, 1);
    assert.match(one[0].cause, /firewall of that host/);
  });

  it("a node that is not Ready, with why it cannot be looked at, instead of all that fails with it", () => {
    const nodes = NODES.map((node) => ({ ...node, isReady: node.name !== "c" }));
    const faults = faultsWith(({ from, to }) => (from === "c" || to === "c" ? "timed out" : ""), {
      ...{ nodes, unseen: new Map([["c", "c: no answer on port 22"]]) },
      more: [failed("ready", "c", "not Ready"), failed("unseen", "c", "c: no answer on port 22")],
    });
    assert.deepEqual([faults.length, faults[0].what, faults[0].seen], [1, "c is not Ready", "c: no answer on port 22"]);
  });

  it("what is wrong on a host that is not Ready, which tells why", () => {
    const nodes = NODES.map((node) => ({ ...node, isReady: node.name !== "c" }));
    const more = [
      failed("ready", "c", "not Ready"),
      failed("units", "c", "k3s-agent.service is failed"),
      failed("disk", "c", "/ has 9 MB left"),
    ];
    const faults = faultsWith(() => "", { nodes, more });
    assert.deepEqual(
      faults.map(({ seen }) => seen),
      ["not Ready; k3s-agent.service is failed; / has 9 MB left"],
    );
  });

  it("a node of the stack that the cluster does not have, once, and not as one to describe", () => {
    const more = [failed("ready", "d", "the cluster has no Node of this name"), failed("units", "d", "k3s-agent.service is failed")];
    const faults = faultsWith(() => "", { more });
    assert.deepEqual(
      faults.map(({ what, seen }) => [what, seen]),
      [["d is not in the cluster", "the cluster has no Node of this name; k3s-agent.service is failed"]],
    );
    assert.doesNotMatch(faults[0].remedy, /describe node/);
  });

  it("the same thing on many nodes as one fault that names them", () => {
    const faults = faultsWith(() => "", { more: ["a", "b", "c"].map((name) => failed("probe", name, "ImagePullBackOff")) });
    assert.equal(faults.length, 1);
    assert.match(faults[0].what, /^a, b, c: /);
  });

  it("CoreDNS where no node resolves, the way to it where one does not", () => {
    const dns = (names) =>
      ["a", "b", "c"].map((from) => ({
        ...failed("dns-inside", from, "i/o timeout"),
        verdict: names.includes(from) ? "failed" : "passed",
      }));
    assert.equal(faultsWith(() => "", { more: dns(["a", "b", "c"]) })[0].cause, "CoreDNS does not answer");
    assert.match(faultsWith(() => "", { more: dns(["b"]) })[0].cause, /those nodes do not reach/);
  });

  it("whatever else fails, each with a cause and a remedy that names the node", () => {
    const kinds = [
      "ready",
      "probe",
      "k3s-version",
      "units",
      "marker",
      "unreachable",
      "certificate",
      "disk",
      "clock",
      "metrics",
      "logs",
      "exec",
      "metadata",
      "outside",
    ];
    const faults = faultsWith(() => "", { more: kinds.map((check) => failed(check, "a", `wrong: ${check}`)) });
    assert.deepEqual(
      faults.map(({ seen }) => seen),
      kinds.map((check) => `wrong: ${check}`),
    );
    for (const { cause, remedy, what } of faults) {
      assert.ok(cause !== "" && remedy !== "", what);
      assert.doesNotMatch(remedy, /NODE/);
    }
  });
});
