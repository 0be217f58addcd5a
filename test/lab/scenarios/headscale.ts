import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { it } from "node:test";
import { checkConnectivity } from "../../../lab/checks/connectivity";
import { type Before, findLeftovers, snapshotBefore } from "../../../lab/checks/nothing-left";
import { deployProbePods } from "../../../lab/checks/probe-pods";
import { controlOf } from "../../../lab/console";
import { vendorNames } from "../../../lab/control/prepare-control";
import { inState } from "../../../lab/paths";
import { type LabStack, createStack } from "../../../lab/stack";
import { headscaleSettings } from "../../../lab/stack-config";
import { HeadscaleCli } from "../helpers/headscale-cli";
import type { LabContext, Scenario } from "../lab-context";
import { assertRoutes, hostsOf, podCidrs } from "../node-network";
import { expectFailure, expectSuccess, readyNodes, urnOf } from "../nodes-view";

const TAG = "tag:k3s-edge";
/** Somebody's policy: rules and comments of their own, and the group that the stack's operators name. */
const OTHERS = `{
	// People first.
	"groups": {"group:ops": ["alice@example.org"]},
	"acls": [
		{"action": "accept", "src": ["group:ops"], "dst": ["group:ops:*"]}, // each other's laptops
	],
}
`;
const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const CONTROL_KEY = `https://${vendorNames.control}/key?v=106`;

/** The same program at a control server of one's own, whose authority no host trusts. */
export const headscale: Scenario = {
  name: "headscale",
  define: (context) => {
    let stack: LabStack;
    let before: Before;
    const cli = () => new HeadscaleCli(context().lab);
    const asOthersLeftIt = () => setPolicy(cli(), OTHERS);

    it("refuses a key that the control server does not know, before anything is made", async () => {
      const { lab } = context();
      await context().ensureEmpty();
      await asOthersLeftIt();
      for (const host of hostsOf(lab)) await forgetLabAuthority(host);
      before = await snapshotBefore(lab, hostsOf(lab));
      stack = await createStack(lab, { name: "headscale", settings: headscaleSettings(lab), headscaleApiKey: "not-a-key.of-this-server" });
      assert.match(await expectFailure(stack.up()), /refused \((500|401): Unauthorized\).*headscale apikeys create/s);
      assert.equal(await cli().policy(), OTHERS.trimEnd());
    });

    it("makes Ready nodes whose routes it approved, and leaves every line of others in the policy", async () => {
      const { lab, kubectl } = context();
      await stack.setSecret("hybrid-k3s:headscaleApiKey", await cli().createApiKey());
      await expectSuccess(stack.up());
      await stack.saveKubeconfig();
      assert.deepEqual(await readyNodes(kubectl), ["kiosk-1", "rack-1", "rack-2"]);
      const cidrs = await podCidrs(kubectl);
      const nodes = await cli().nodesOf(TAG);
      assert.deepEqual(
        [...nodes].map(([name, node]) => [name, node.approved_routes]).sort(),
        Object.entries(cidrs)
          .map(([name, cidr]) => [name, [cidr]])
          .sort(),
      );
      await assertRoutes(lab, cidrs);
      const policy = await cli().policy();
      assert.match(policy, /hybrid-k3s: edge/);
      assert.deepEqual(
        OTHERS.trimEnd()
          .split("\n")
          .filter((line) => !policy.includes(line)),
        [],
      );
    });

    it("lets pods reach pods and nodes across sites, on hosts that trust the control server by the stack's caFile alone", async () => {
      const { lab, kubectl } = context();
      for (const host of hostsOf(lab)) await assert.rejects(host.exec(`curl -sS -o /dev/null --max-time 10 '${CONTROL_KEY}'`), host.name);
      const findings = await checkConnectivity(kubectl, await deployProbePods(kubectl), "full");
      assert.ok(findings.length > 0);
      assert.deepEqual(
        findings.filter(({ fault }) => fault !== undefined),
        [],
      );
    });

    it("changes nothing at a second up", async () => {
      assert.doesNotMatch(await expectSuccess(stack.up(["--expect-no-changes"])), /[+~-]{1,2} \d+ to /);
    });

    it("approves by the device's id the route of a node that the policy does not approve, and keeps the policy where that is replaced", async () => {
      const { kubectl } = context();
      const { id } = (await cli().nodesOf(TAG)).get("rack-2") ?? assert.fail("no rack-2");
      const cidr = (await podCidrs(kubectl))["rack-2"];
      // Approved once by the policy, and taken back behind its back: nothing approves it again by itself.
      await cli().run("nodes", "approve-routes", "--identifier", String(id), "--routes", "");
      const policy = await cli().policy();
      const urns = await Promise.all(["rack-2-route", "cluster-policy"].map((name) => urnOf(stack, name)));
      await expectSuccess(stack.up(urns.flatMap((urn) => ["--replace", urn])));
      assert.equal(await cli().policy(), policy);
      assert.deepEqual((await cli().nodesOf(TAG)).get("rack-2")?.approved_routes, [cidr]);
      assert.deepEqual(await servedOf(stack, "rack-2-route"), { by: "id", podCidr: cidr });
    });

    it("removes a node with its device, and nothing of the others", async () => {
      const { kubectl } = context();
      stack.removeHost("rack-2");
      await expectSuccess(stack.up());
      assert.deepEqual(await readyNodes(kubectl), ["kiosk-1", "rack-1"]);
      assert.deepEqual([...(await cli().nodesOf(TAG)).keys()].sort(), ["kiosk-1", "rack-1"]);
    });

    it("leaves nothing behind: hosts, devices, keys, the keys' user, the policy to the byte", async () => {
      const { lab } = context();
      await expectSuccess(stack.destroy());
      assert.deepEqual(await findLeftovers(lab, before), []);
      assert.equal(await cli().policy(), OTHERS.trimEnd());
      // Until 0.27 a user's keys go with it; later there is none.
      assert.ok(!(await cli().userNames()).includes("k3s-edge"));
      await putBack(context());
    });
  },
};

interface State {
  readonly deployment: { readonly resources: readonly { readonly urn: string; readonly outputs?: { readonly served?: unknown } }[] };
}

/** What a node's route resource keeps: which route, and who approved it. */
async function servedOf(stack: LabStack, name: string): Promise<unknown> {
  const { deployment } = JSON.parse(await stack.exportState()) as State;
  return deployment.resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.served;
}

async function setPolicy(cli: HeadscaleCli, text: string): Promise<void> {
  const file = inState("run", "headscale-policy.hujson");
  writeFileSync(file, text);
  await cli.run("policy", "set", "-f", file);
}

/** The lab's authority stands last in the host's bundle (start-lab.ts). */
async function forgetLabAuthority(host: ReturnType<typeof hostsOf>[number]): Promise<void> {
  await host.exec(
    `cp ${BUNDLE} ${BUNDLE}.with-lab && mv ${BUNDLE}.with-lab /var/tmp/ && awk '/BEGIN CERT/ { n++ } { line[NR] = $0; of[NR] = n } END { for (i = 1; i <= NR; i++) if (of[i] < n) print line[i] }' /var/tmp/ca-certificates.crt.with-lab >${BUNDLE}`,
  );
}

/** Hosts and policy as the other scenarios have them. */
async function putBack({ lab }: LabContext): Promise<void> {
  for (const host of hostsOf(lab))
    await host.exec(`cat /var/tmp/ca-certificates.crt.with-lab >${BUNDLE} && rm /var/tmp/ca-certificates.crt.with-lab`);
  const { admin } = controlOf(lab);
  const { text } = await admin.call("getPolicy");
  await admin.call("editPolicy", { text });
}
