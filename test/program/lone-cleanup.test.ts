import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { labSettings } from "../../lab/stack-config";
import { forgetLastRun } from "../../src/preview/last-run";
import { refuseLoneCleanup } from "../../src/preview/refuse-lone-cleanup";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";

const joined = { name: "kiosk-1", pool: "edge", role: "agent", tailnetIp: "100.64.0.9" };
const refusal =
  /^This run would replace kiosk-1-cleanup alone, which cleans a living node's host, .*Nothing was changed\. What makes the node again, and joins it again:\n {2}pulumi up --replace 'urn:[^']*kiosk-1-key'$/;

class Link extends pulumi.CustomResource {
  constructor(name: string) {
    super("test:index:Link", name, {});
  }
}

describe("`up --replace` of what undoes a node's joining", () => {
  const seen = async (unmade: readonly string[], { isPreview = true, before = [joined] } = {}): Promise<string> => {
    forgetLastRun();
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name }) => ({ id: unmade.includes(name) ? "" : name, state: {} }),
        call: () => ({ outputs: { nodes: before } }),
      },
      "hybrid-k3s",
      "lab",
      isPreview,
      "organization",
    );
    const [key, cleanup] = [new Link("kiosk-1-key"), new Link("kiosk-1-cleanup")];
    const replaceCommand = pulumi.interpolate`pulumi up --replace '${key.urn}'`;
    return refuseLoneCleanup([{ name: "kiosk-1", key, cleanup, replaceCommand }]).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
  };

  it("is free where the key goes too, where nothing goes, and for a node that has not joined yet", async () => {
    assert.match(await seen(["kiosk-1-cleanup"]), refusal);
    assert.equal(await seen(["kiosk-1-cleanup", "kiosk-1-key"]), "");
    assert.equal(await seen([]), "");
    assert.equal(await seen(["kiosk-1-cleanup"], { before: [] }), "");
    assert.equal(await seen(["kiosk-1-cleanup"], { before: [{ ...joined, tailnetIp: "" }] }), "");
    assert.equal(await seen(["kiosk-1-cleanup"], { isPreview: false }), "");
  });

  // Last: what goes on of a program that failed meets no other mocks.
  it("is refused in the preview, with the line that makes the node again", async () => {
    const given = runOf("lab", labSettings(labWithFixedKeys()), {
      answers: { ...mockedAnswers, "pulumi:pulumi:readStackOutputs": { outputs: { nodes: [joined] } } },
      // With it go the links behind it.
      unmade: ["cleanup", "join", "drain", "token", "install", "route", "wait-ready"].map((link) => `kiosk-1-${link}`),
    });
    await assert.rejects(recordProgram(given), (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(error.message, refusal);
      return true;
    });
  });
});
