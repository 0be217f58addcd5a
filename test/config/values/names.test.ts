import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDuration } from "../../../src/config/values/duration";
import { isLabelKey, isLabelValue, readTaint } from "../../../src/config/values/kubernetes-names";
import { isDnsLabel, isHostName, isTag } from "../../../src/config/values/names";
import { nearestAmong } from "../../../src/config/nearest";
import { readHostKey } from "../../../src/config/values/ssh-host-key";
import { hostKey } from "../../helpers/config-builder";

/** Those of the texts that pass. */
function passing(test: (text: string) => boolean, texts: readonly string[]): readonly string[] {
  return texts.filter((text) => test(text));
}

describe("names", () => {
  it("knows DNS labels", () => {
    const legal = ["a", "a-b", "0a", "a".repeat(63)];
    assert.deepEqual(passing(isDnsLabel, [...legal, "", "-a", "a-", "A", "a.b", "a_b", "a".repeat(64)]), legal);
  });

  it("knows host names, and that mistyped addresses are none", () => {
    const legal = ["k3s", "k3s.Example.org", "1.example", "a-b.c"];
    assert.deepEqual(passing(isHostName, [...legal, "", "192.0.2", "192.0.2.300", "a..b", "a.b.", "a:22", "u@h", "https://a"]), legal);
  });

  it("knows tags", () => {
    const legal = ["tag:k3s-edge", "tag:A1"];
    assert.deepEqual(passing(isTag, [...legal, "k3s", "tag:", "tag:1a", "tag:a_b", "tag:a b"]), legal);
  });

  it("knows label keys and values", () => {
    const keys = ["a", "a.b_c-D", "example.org/a", `${"a".repeat(63)}`];
    assert.deepEqual(passing(isLabelKey, [...keys, "", "/a", "a/", "a/b/c", "-a", "Example.org/a", "a".repeat(64)]), keys);
    const values = ["", "a", "A_b.c-9"];
    assert.deepEqual(passing(isLabelValue, [...values, "-a", "a b", "a".repeat(64)]), values);
  });

  it("reads taints", () => {
    assert.deepEqual(readTaint("a.org/b=c:NoExecute"), { key: "a.org/b", value: "c", effect: "NoExecute" });
    assert.deepEqual(readTaint("a:NoSchedule"), { key: "a", value: "", effect: "NoSchedule" });
    for (const text of ["a", "a=b", "=b:NoSchedule", "a=b:", "a=b:noschedule", "a=b=c:NoSchedule", "a:b:NoSchedule"])
      assert.equal(readTaint(text), undefined, text);
  });

  it("reads durations", () => {
    assert.deepEqual(["90s", "2m", "1h", "1h2m3s", "0s"].map(parseDuration), [90, 120, 3600, 3723, 0]);
    assert.deepEqual(["", "90", "s", "2m1h", "1.5m", "-1s", " 1s"].map(parseDuration), Array(7).fill(undefined));
  });

  it("reads SSH host keys, with and without a comment", () => {
    assert.equal(readHostKey(`${hostKey(1)} root@rack-1\n`), hostKey(1));
    const rsaNamed = hostKey(1).replace("ssh-ed25519", "ssh-rsa");
    for (const text of [
      "",
      "ssh-ed25519",
      "ssh-ed25519 AAAA...",
      rsaNamed,
      hostKey(1).slice(0, 30),
      hostKey(1).replace("ssh-ed25519", "ssh-dss"),
    ]) {
      assert.equal(readHostKey(text), undefined, text);
    }
  });

  it("finds the word that was meant, and none where nothing is near", () => {
    const known = ["podCidr", "serviceCidr", "name"];
    assert.deepEqual(
      ["podcidr", "podCdir", "nmae", "serviceCIDRs", "region"].map((word) => nearestAmong(word, known)),
      ["podCidr", "podCidr", "name", "serviceCidr", undefined],
    );
  });
});
