import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judge, readPath } from "../../src/cli/verify/judge.mjs";
import { readNat, whyRelayed } from "../../src/cli/verify/why-relayed.mjs";
import { judgeHost, offsetsOf, soonToEnd } from "../../src/cli/verify/judge-host.mjs";

describe("what verify makes of a host's words", () => {
  const verdictOf = (check, text) => judge("a", "10.42.0.5", [{ check, peer: "b", text }])[0];

  for (const [check, good, bad, says] of [
    ["pod-http", '{"responses":["10.42.0.5:41122"]}', '{"responses":["100.64.0.1:41122"]}', /arrived as 100\.64\.0\.1/],
    ["pod-udp", '{"responses":["10.42.0.5:41122"]}', '{"errors":["i/o timeout"]}', /i\/o timeout/],
    [
      "pod-closed",
      '{"errors":["dial tcp 10.42.1.5:8082: connect: connection refused"]}',
      '{"responses":["probe-x"]}',
      /though a network policy/,
    ],
    ["full-packet", "1280 1", "1280 0 the way takes 1200", /1280 bytes.*way takes 1200/],
    ["transfer", '812 20000000 {"output":"/uploads/upload1"} 201', "55000 20000000 curl: (28) Operation timed out", /timed out/],
    // A slow uplink, and a connection that stalled behind what buffers on the way take.
    [
      "transfer",
      "55002 20000000 curl: (28) Operation timed out after 55001 milliseconds with 0 bytes received 7340032 000",
      "23000 20000000 curl: (28) Operation too slow. Less than 1000 bytes/sec transferred the last 20 seconds 327680 000",
      /too slow/,
    ],
    [
      "transfer",
      '812 20000000 {"output":"/uploads/upload1"} 20000187 201',
      "55002 20000000 curl: (28) Operation timed out after 55001 milliseconds with 0 bytes received 65536 000",
      /timed out/,
    ],
    ["dns-outside", '{"errors":["malformed HTTP response"]}', "curl: (28) Operation timed out after 12001 milliseconds", /timed out/],
    ["node-kubelet", "401 ", "000 curl: (28) Connection timed out", /timed out/],
    ["node-pod", "100.64.0.1:33412", "curl: (7) Failed to connect", /Failed to connect/],
    ["metadata", "000 curl: (7) refused", "401 ", /status 401/],
    [
      "dns-outside",
      '{"errors":["Get \\"http://x:443/\\": EOF"]}',
      "host and/or port param are invalid. lookup x: no such host",
      /no such host/,
    ],
    ["metrics", "200 1", "502 proxy error", /502/],
    ["metrics", "200 1", "200 0", /without a metric/],
    ["exec", "ran", "error: unable to upgrade connection", /unable to upgrade/],
  ])
    it(`${check}: ${good.slice(0, 40)} is good, ${bad.slice(0, 40)} is not`, () => {
      assert.equal(verdictOf(check, good).verdict, "passed");
      const wrong = verdictOf(check, bad);
      assert.equal(wrong.verdict, "failed");
      assert.match(wrong.seen, says);
    });

  it("takes no answer of a closed port for a closed one only where that is what it was", () => {
    assert.equal(verdictOf("pod-closed", "curl: (7) Failed to connect to the own pod").verdict, "failed");
    assert.equal(verdictOf("pod-closed", "").verdict, "failed");
  });

  it("says of what could not be looked at that it was not", () =>
    assert.deepEqual(
      [verdictOf("full-packet", "unable: no ping").verdict, verdictOf("full-packet", "unable: no ping").seen],
      ["unable", "no ping"],
    ));

  it("tells paths apart", () => {
    const kinds = [
      "pong from b (100.64.0.2) via 192.0.2.1:41641 in 3ms",
      "pong from b (100.64.0.2) via DERP(lab) in 1.2s",
      "pong from b (100.64.0.2) via peer-relay(192.0.2.1:40000:vni:1) in 9ms",
      'ping "100.64.0.2" timed out',
      "",
    ].map((text) => readPath("a", "b", text));
    assert.deepEqual(
      kinds.map(({ kind, ms }) => [kind, ms]),
      [
        ["direct", 3],
        ["relay", 1200],
        ["peer relay", 9],
        ["none", undefined],
        ["none", undefined],
      ],
    );
  });

  const FACTS = Object.entries({
    "k3s-version": "v1.35.4+k3s1",
    "tailscale-version": "1.88.3",
    marker: "a edge",
    forwarding: "1",
    unreachable: "unreachable 10.42.0.0/16 metric 4000",
    tailnet: "100.64.0.1 a true 10.42.0.0/24",
    certificate: "2027-11-29T21:00:00Z /var/lib/rancher/k3s/agent/client-kubelet.crt",
  }).map(([check, text]) => ({ check, peer: "-", text }));
  const UNITS = ["k3s-agent.service", "tailscaled.service"].map((peer) => ({ check: "unit", peer, text: "active 0" }));
  const DISK = { check: "disk", peer: "/", text: "9000000 40%" };
  const WANTED = { cluster: "edge", k3sVersion: "v1.35.4+k3s1", tailscaleVersion: "1.88.3", podCidr: "10.42.0.0/16" };
  const NOW = Date.parse("2026-11-30T00:00:00Z");
  const wrongOf = (facts, offset = 0) =>
    judgeHost({ name: "a" }, facts, WANTED, { now: NOW, offset })
      .filter(({ verdict }) => verdict === "failed")
      .map(({ check, seen }) => `${check}: ${seen}`);

  it("has nothing against a host that is as it should be", () => assert.deepEqual(wrongOf([...FACTS, ...UNITS, DISK]), []));

  for (const [check, text, says] of [
    ["k3s-version", "v1.35.5+k3s1", "k3s-version: runs v1.35.5+k3s1, the stack has v1.35.4+k3s1"],
    ["tailscale-version", "", "tailscale-version: runs none, the stack has 1.88.3"],
    ["marker", "a other", "marker: says a other"],
    ["forwarding", "0", "forwarding: net.ipv4.ip_forward is off"],
    ["unreachable", "", "unreachable: 10.42.0.0/16 has no unreachable route"],
    ["tailnet", "100.64.0.1 a false -", "tailnet: the tailnet does not see it online"],
    ["certificate", "2026-11-29T21:00:00Z /x/client-kubelet.crt", "certificate: /x/client-kubelet.crt ended on 2026-11-29T21:00:00Z"],
  ])
    it(`finds ${check} wrong`, () =>
      assert.deepEqual(wrongOf([...FACTS.map((fact) => (fact.check === check ? { ...fact, text } : fact)), ...UNITS, DISK]), [says]));

  it("finds a full disk, a unit that does not run and a clock that is off", () => {
    const facts = [...FACTS, { ...UNITS[0], text: "failed 7" }, UNITS[1], { ...DISK, text: "500000 96%" }];
    assert.deepEqual(wrongOf(facts, -61), [
      "units: k3s-agent.service is failed",
      "disk: / has 488 MB (4 %) left",
      "clock: 61.0 s behind the others",
    ]);
  });

  it("compares each clock with most of the others", () => {
    const said = new Map([
      ["a", { at: 1000, date: 1000 }],
      ["b", { at: 2000, date: 2010 }],
      ["c", { at: 3000, date: 63_000 }],
    ]);
    assert.deepEqual(
      [...offsetsOf(said)].map(([name, offset]) => [name, Math.round(offset) + 0]),
      [
        ["a", 0],
        ["b", 0],
        ["c", 60],
      ],
    );
  });

  it("takes this machine's clock for the third where there are but two", () => {
    const now = Date.now();
    const said = (behind) =>
      new Map([
        ["a", { at: now, date: now - behind }],
        ["b", { at: now, date: now }],
      ]);
    assert.deepEqual([...offsetsOf(said(60_000)).values()], [-60, 0]);
    assert.deepEqual([...offsetsOf(said(-60_000)).values()], [60, 0]);
  });

  it("says of certificates that nobody could read that it did not look at them", () => {
    const facts = [
      ...FACTS.map((fact) => (fact.check === "certificate" ? { ...fact, text: "unable: there is no openssl" } : fact)),
      ...UNITS,
      DISK,
    ];
    const [one] = judgeHost({ name: "a" }, facts, WANTED, { now: NOW, offset: 0 }).filter(({ check }) => check === "certificate");
    assert.deepEqual([one.verdict, one.seen], ["unable", "there is no openssl"]);
  });

  it("has nothing against a large disk that k3s's kubelet still takes pods on", () =>
    assert.deepEqual(wrongOf([...FACTS, ...UNITS, { ...DISK, text: "160000000 92%" }]), []));

  it("warns of a certificate that ends within a month", () => {
    const of = (end) => soonToEnd("a", [{ check: "certificate", peer: "-", text: `${end} /x.crt` }], NOW);
    assert.match(of("2026-12-20T00:00:00Z"), /a: .*2026-12-20/);
    assert.equal(of("2027-06-01T00:00:00Z"), undefined);
  });
});

describe("why a path is relayed", () => {
  const nat = (text) => readNat([{ check: "netcheck", peer: "-", text }]);
  const open = nat('"UDP":true "MappingVariesByDestIP":false');
  const hard = nat('"UDP":true "MappingVariesByDestIP":true');
  const mute = nat('"UDP":false "MappingVariesByDestIP":""');
  const why = (a, b) =>
    whyRelayed(
      { from: "a", to: "b" },
      new Map([
        ["a", a],
        ["b", b],
      ]),
    );

  it("is a host without UDP, named, whatever the other one is", () => {
    assert.match(why(open, mute), /^b gets no UDP out/);
    assert.match(why(mute, hard), /^a gets no UDP out/);
    assert.match(why(mute, mute), /^a and b get no UDP out/);
  });

  it("is a hard NAT at both ends, or at one and a firewall at the other", () => {
    assert.match(why(hard, hard), /both ends are behind a hard NAT: open UDP 41641/);
    assert.match(why(open, hard), /b is behind a hard NAT.*open UDP 41641 at a$/);
  });

  it("is told as not known where netcheck says nothing", () => {
    assert.match(why(nat(""), nat("")), /drops their UDP, or the path had no time/);
    assert.match(whyRelayed({ from: "x", to: "y" }, new Map()), /drops their UDP/);
  });
});
