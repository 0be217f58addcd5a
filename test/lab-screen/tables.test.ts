import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Finding } from "../../lab/checks/connectivity";
import { renderNodes, renderReach, renderTimes } from "../../lab/screen/tables";

describe("the tables of the demo", () => {
  it("have a line for each node, with what Kubernetes says of it", () => {
    const metal = {
      name: "rack-1",
      pool: "rack",
      provider: "bare-metal",
      region: "",
      role: "server",
      tailnetIp: "100.64.0.3",
      path: "self",
    };
    const cloud = {
      name: "edge-burst-0",
      pool: "burst",
      provider: "aws",
      region: "eu-central-1",
      role: "agent",
      tailnetIp: "100.64.0.6",
      path: "relay",
    };
    assert.deepEqual(renderNodes([metal, cloud], new Set(["rack-1"])), [
      "     node          role    pool   stands at         tailnet     path",
      "  ✓  rack-1        server  rack   bare-metal        100.64.0.3  self",
      "  ✗  edge-burst-0  agent   burst  aws eu-central-1  100.64.0.6  relay",
    ]);
  });

  it("show which pod reaches which, and each fault in one line", () => {
    const tried = (from: string, to: string, what: string, fault?: string): Finding => ({
      from,
      to,
      what,
      ...(fault !== undefined && { fault }),
    });
    const findings = [
      tried("b", "a", "pod answers"),
      tried("b", "a", "kubelet answers"),
      tried("a", "b", "pod answers"),
      tried("a", "b", "kubelet answers", "deadline exceeded\nexit code 1"),
      tried("a", "c", "pod answers"),
    ];
    assert.deepEqual(renderReach(findings), [
      "     reaches   1  2  3",
      "  1  pod on a  ·  ✗  ✓",
      "  2  pod on b  ✓  ·  ·",
      "  3  pod on c  ·  ·  ·",
      "  tried each: pod answers; kubelet answers",
      "  ✗ a -> b: kubelet answers (deadline exceeded exit code 1)",
    ]);
  });

  it("set the times beside those of the work by hand, where they are known", () => {
    const times = [
      { title: "pulumi up", seconds: 24.6, floor: 20 },
      { title: "burst", seconds: 9.2 },
    ];
    assert.deepEqual(renderTimes(times), [
      "    time  by hand  times  part",
      "  24.6 s   20.0 s   1.23  pulumi up",
      "   9.2 s                  burst",
      "  33.8 s                  all",
    ]);
    assert.deepEqual(renderTimes([{ title: "burst", seconds: 9.2 }]), ["   time  part", "  9.2 s  burst", "  9.2 s  all"]);
  });
});
