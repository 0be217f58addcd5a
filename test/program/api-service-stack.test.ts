import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labSettings } from "../../lab/stack-config";
import { keepOptions } from "../helpers/kept-options";
import { labWithFixedKeys } from "../helpers/lab-with-fixed-keys";
import { mockedOutputs } from "../helpers/mocked-engine";
import { recordProgram, runOf } from "../helpers/record-program";
import { threeServers } from "../helpers/three-servers";

const SERVICE = "svc:k3s-api";
const ADDRESSES = ["100.127.0.1", "fd7a:115c:a1e0::7f00:1"];

/** The list of Services that the preview asks for; what else the program asks the API, the recorder answers. */
function answerServices(): string[] {
  const asked: string[] = [];
  const ask = globalThis.fetch;
  globalThis.fetch = (url, options) => {
    if (typeof url !== "string" || !url.endsWith("/tailnet/-/services")) return ask(url, options);
    asked.push(`${options?.method ?? "GET"} ${url}`);
    return Promise.resolve(new Response(JSON.stringify({ vipServices: [] })));
  };
  return asked;
}

describe("the program with a Service in front of three servers", () => {
  it("makes it before the policy, gives its addresses to servers alone, and tells how to use it", async () => {
    const asked = answerServices();
    const options = keepOptions();
    const settings = threeServers(labSettings(labWithFixedKeys()));
    settings["hybrid-k3s:vpn"].apiService = "k3s-api";
    const outputsOf = (type: string, name: string) =>
      type === "tailscale:index/service:Service" ? { addrs: ADDRESSES } : mockedOutputs(type, name);
    const { registrations, outputs } = await recordProgram(runOf("lab", settings, { outputsOf }));
    const inputsOf = (name: string) => registrations.find((made) => made.name === name)?.inputs;
    const waitsFor = (name: string, other: string) => options.get(name)?.dependsOn.some((urn) => urn.endsWith(`::${other}`));

    assert.deepEqual(asked, ["GET https://api.tailscale.com/api/v2/tailnet/-/services"]);
    assert.deepEqual(inputsOf("cluster-api-service"), {
      name: SERVICE,
      comment: "hybrid-k3s: edge (stack hybrid-k3s/lab)",
      ports: ["tcp:6443"],
    });
    assert.equal(registrations.filter(({ type }) => type === "tailscale:index/service:Service").length, 1);
    assert.deepEqual(
      [waitsFor("cluster-api-service", "cluster-protect-identity"), waitsFor("cluster-policy", "cluster-api-service")],
      [true, true],
    );

    const environments = ["rack-1", "rack-2", "rack-3", "kiosk-1"].map((name) => {
      const { wanted } = inputsOf(`${name}-install`) as { wanted: { environment: Readonly<Record<string, string>> } };
      return [name, wanted.environment["API_SERVICE"], wanted.environment["API_SERVICE_ADDRESSES"]];
    });
    const given = [SERVICE, ADDRESSES.join(" ")];
    assert.deepEqual(environments, [
      ["rack-1", ...given],
      ["rack-2", ...given],
      ["rack-3", ...given],
      ["kiosk-1", undefined, undefined],
    ]);
    const { policy } = inputsOf("cluster-policy") as { policy: { document: string; policyCluster: { service: string } } };
    assert.equal(policy.policyCluster.service, SERVICE);
    assert.deepEqual((JSON.parse(policy.document) as { autoApprovers: { services: object } }).autoApprovers.services, {
      [SERVICE]: ["tag:k3s-edge-server"],
    });
    assert.deepEqual(outputs["apiService"], { name: SERVICE, addresses: ADDRESSES, context: "edge-k3s-api" });
  });
});
