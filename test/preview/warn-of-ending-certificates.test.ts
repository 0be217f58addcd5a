import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { forgetLastRun } from "../../src/preview/last-run";
import { warnOfEndingCertificates } from "../../src/preview/warn-of-ending-certificates";
import { keepWarnings } from "../helpers/kept-warnings";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const LATE = { certificatesEnd: "2027-11-20T08:00:00Z", authoritiesEnd: "2036-11-20T08:00:00Z" };
type Plan = Parameters<typeof warnOfEndingCertificates>[0];
const plan = {
  nodes: [
    { name: "kiosk-1", role: "agent" },
    { name: "rack-1", role: "server" },
    { name: "new-1", role: "agent" },
  ],
} as unknown as Plan;

describe("certificates that end soon", () => {
  const warnings = keepWarnings() as string[];
  let asked: string[];
  const mock = (outputs: Readonly<Record<string, object>>, state: Readonly<Record<string, object>>, isPreview = true) => {
    forgetLastRun();
    const resources = Object.entries(state).map(([name, result]) => [
      `urn:pulumi:lab::hybrid-k3s::x$pulumi-nodejs:dynamic/remote:Script::${name}-install`,
      { type: "pulumi-nodejs:dynamic/remote:Script", outputs: { result } },
    ]);
    const call = ({ token }: pulumi.runtime.MockCallArgs) => {
      asked.push(token.replace("pulumi:pulumi:", ""));
      const nodes = Object.entries(outputs).map(([name, ends]) => ({ name, ...ends }));
      return { outputs: token.endsWith("readStackOutputs") ? { nodes } : (Object.fromEntries(resources) as object) };
    };
    return pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call }, "hybrid-k3s", "lab", isPreview, "organization");
  };
  const look = () => warnOfEndingCertificates(plan, () => NOW);
  beforeEach(() => {
    asked = [];
    warnings.length = 0;
  });

  it("are told in a preview by node and date, servers first, with what the run will do", async () => {
    const soon = { ...LATE, certificatesEnd: "2027-01-28T11:00:00Z" };
    const past = { certificatesEnd: "2026-11-28T08:00:00Z" };
    await mock({ "rack-1": soon, "kiosk-1": past }, { "rack-1": soon, "kiosk-1": past });
    await look();
    assert.deepEqual(warnings, [
      "Certificates of k3s end soon. pulumi up renews them: it restarts k3s on these nodes, in turns, and pods run on.\n" +
        "- rack-1: end on 2027-01-28T11:00:00Z, in 59 days\n- kiosk-1: ended on 2026-11-28T08:00:00Z",
    ]);
  });

  it("are not told of a node that a run has renewed before it failed elsewhere", async () => {
    const soon = { certificatesEnd: "2027-01-01T00:00:00Z" };
    await mock({ "rack-1": soon, "kiosk-1": soon }, { "rack-1": LATE, "kiosk-1": soon });
    await look();
    assert.equal(warnings.length, 1);
    assert.doesNotMatch(warnings[0] ?? "", /rack-1/);
  });

  it("are told of authorities with k3s's own command, as no restart renews them", async () => {
    const ends = { ...LATE, authoritiesEnd: "2027-01-20T08:00:00Z" };
    await mock({ "rack-1": ends }, { "rack-1": ends });
    await look();
    assert.deepEqual(warnings, [
      "Authorities of the cluster end on 2027-01-20T08:00:00Z, in 51 days, and nothing renews them by itself: without them no node and no kubectl gets in. " +
        "On a server: k3s certificate rotate-ca (docs/day-2.md#certificates says how, and what comes after it).",
    ]);
  });

  it("cost no look at the state where there are none, nor a word outside of a preview", async () => {
    await mock({ "rack-1": LATE, "kiosk-1": { certificatesEnd: "" }, "old-1": {} }, {});
    await look();
    assert.deepEqual([asked, warnings], [["readStackOutputs"], []]);
    await mock({ "rack-1": { certificatesEnd: "2026-12-01T00:00:00Z" } }, { "rack-1": { certificatesEnd: "2026-12-01T00:00:00Z" } }, false);
    await look();
    assert.deepEqual(warnings, []);
  });
});
