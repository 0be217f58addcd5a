import assert from "node:assert/strict";
import { resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { PulumiProject, type PulumiRun } from "./language-project";
import { loadSupport } from "../helpers/load-support";

const SOURCES = resolve(__dirname, "../../src");

/** The policy and one node's route as the program makes them, and a link of the node's chain that can be made to fail. */
const PROGRAM = `
require("tsx/cjs");
const pulumi = require("@pulumi/pulumi");
const { TailnetPolicy } = require(${JSON.stringify(`${SOURCES}/vpn/tailnet/tailnet-policy.ts`)});
const { PodRoute } = require(${JSON.stringify(`${SOURCES}/vpn/tailnet/pod-route.ts`)});
const { clusterInput } = require(${JSON.stringify(`${SOURCES}/remote/tool-input.ts`)});
const { access, tailnet, podCidr, fail } = require("./wish.json");
const context = { plan: { name: "edge", podCidr, tailnet }, owner: "contract/test", vpn: { access } };
module.exports = async () => {
  const policy = new TailnetPolicy("policy", { plan: tailnet, input: clusterInput(context), linesToChange: 0 }, {});
  const route = new PodRoute("route", context, { node: { name: "rack-1" }, k3s: pulumi.output("k3s-1") }, { dependsOn: policy });
  if (fail) throw new pulumi.RunError("a node fails");
};
`;

interface Tailnet {
  readonly state: { policy: string; devices: unknown[]; written: string[] };
  readonly access: () => object;
  readonly stop: () => Promise<void>;
}
interface Support {
  readonly startTailnet: (options: object) => Promise<Tailnet>;
  readonly device: (id: string, hostname: string, tags: readonly string[], more: object) => unknown;
  readonly PREPARED_TAILNET: string;
  readonly CLUSTER: { readonly tag: string; readonly podCidr: string };
  readonly OWN: { readonly ours: string };
}

// pulumi/pulumi: pkg/resource/deploy/step_generator.go. What the engine asks of a provider, in which order and in which process, is the point here.
describe("`up --replace` of a policy and a route that nodes live by", () => {
  let support: Support;
  let tailnet: Tailnet;
  let project: PulumiProject;
  before(async () => {
    const names = ["tailnet-server", "policy-run", "policy-texts"] as const;
    support = Object.assign({}, ...(await Promise.all(names.map((name) => loadSupport<Partial<Support>>(name))))) as Support;
    const routes = { advertisedRoutes: ["10.42.0.0/24"], enabledRoutes: ["10.42.0.0/24"] };
    const more = { connectedToControl: true, addresses: ["100.64.0.1"], ...routes };
    const devices = [support.device("n1", "rack-1", [support.CLUSTER.tag], more)];
    tailnet = await support.startTailnet({ policy: support.PREPARED_TAILNET, devices });
    const tools = (name: string) => [
      `operator-tools/${name}.cjs`,
      `module.exports = require(${JSON.stringify(`${SOURCES}/operator-tools/${name}.cjs`)});`,
    ];
    project = await PulumiProject.create({
      "Pulumi.yaml": JSON.stringify({ name: "contract", main: "index.js", runtime: { name: "nodejs", options: { typescript: false } } }),
      "index.js": PROGRAM,
      ...(Object.fromEntries(["policy-provider", "route-provider"].map(tools)) as Record<string, string>),
    });
  });
  after(async () => {
    await project.remove();
    await tailnet.stop();
  });

  const wish = (more: object = {}): Promise<void> => {
    const { CLUSTER, OWN } = support;
    const policy = {
      policyMode: "own",
      policy: JSON.parse(OWN.ours) as object,
      cluster: CLUSTER,
      groups: { "group:ops": ["alice@example.org"] },
    };
    return project.write({
      "wish.json": JSON.stringify({ access: tailnet.access(), tailnet: policy, podCidr: CLUSTER.podCidr, ...more }),
    });
  };
  const ends = async (code: "well" | "badly", run: Promise<PulumiRun>): Promise<string> => {
    const { code: found, output } = await run;
    assert.equal(found === 0, code === "well", output);
    return output;
  };
  const leftOf = async (): Promise<unknown> => (await project.state())["policy"]?.outputs["left"];
  const replace = async (...names: readonly string[]): Promise<PulumiRun> => {
    const state = await project.state();
    return project.up(...names.flatMap((name) => ["--replace", state[name]?.urn ?? assert.fail(`no ${name} in the state`)]));
  };

  it("leaves the live policy and what was found before as they are, also in a run that fails; destroy gives that back", async () => {
    await wish();
    await ends("well", project.up());
    const [live, left] = [tailnet.state.policy, await leftOf()];
    assert.notEqual(live, support.PREPARED_TAILNET);

    assert.match(await ends("well", replace("policy", "route")), /2 replaced/);
    assert.deepEqual([tailnet.state.policy, tailnet.state.written, await leftOf()], [live, [live], left]);
    await wish({ fail: true });
    assert.match(await ends("badly", replace("policy")), /a node fails/);
    assert.deepEqual([tailnet.state.policy, tailnet.state.written, await leftOf()], [live, [live], left]);

    assert.match(await ends("badly", project.destroy()), /rack-1 \(100\.64\.0\.1\)\. Nothing was changed/);
    assert.equal(tailnet.state.policy, live);
    tailnet.state.devices = [];
    await ends("well", project.destroy());
    assert.equal(tailnet.state.policy, support.PREPARED_TAILNET);
  });
});
