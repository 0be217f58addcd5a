import assert from "node:assert/strict";
import { it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { keepOptions } from "../helpers/kept-options";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedAnswers } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";
import { threeServers } from "../helpers/three-servers";

it("has the first server join like the others once a cluster was begun, and changes nothing that a run would act on", async () => {
  const options = keepOptions();
  const urn = "urn:pulumi:lab::hybrid-k3s::hybrid-k3s:cluster:HybridCluster$pulumi-nodejs:dynamic/remote:Script::cluster-access";
  const state = { outputs: { [urn]: { type: "pulumi-nodejs:dynamic/remote:Script", outputs: {} } } };
  const answers = { ...mockedAnswers, "pulumi:pulumi:readStackResourceOutputs": state };
  const { registrations } = await recordProgram(runOf("lab", threeServers(labSettings(labWithFixedKeys())), { answers }));
  const waitsFor = (name: string, other: string) => options.get(name)?.dependsOn.some((found) => found.endsWith(`::${other}`));
  // Which of them goes first when they change in place is decided by turns: the leader of etcd last.
  assert.deepEqual(
    [
      waitsFor("cluster-access", "rack-1-install"),
      waitsFor("rack-1-install", "cluster-access"),
      waitsFor("rack-2-install", "rack-1-install"),
      waitsFor("kiosk-1-install", "rack-3-install"),
    ],
    [false, true, false, true],
  );
  // What nodes join with is asked for before any server changes, the kubeconfig after the last one: a start renews the certificate in it.
  assert.deepEqual(
    ["rack-1", "rack-2", "rack-3"].map((name) => waitsFor("cluster-kubeconfig", `${name}-install`)),
    [true, true, true],
  );
  const install = registrations.find(({ name }) => name === "rack-1-install")?.inputs as {
    previous: string;
    wanted: { environment: object };
  };
  assert.equal(install.previous, "rack-1-join-id");
  // By the way to the host alone, which is no part of the work.
  assert.deepEqual(
    Object.keys(install.wanted.environment).filter((key) => ["MAY_BEGIN", "SERVER_IPS"].includes(key)),
    [],
  );
});
