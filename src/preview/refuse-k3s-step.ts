import * as pulumi from "@pulumi/pulumi";
import { settingPath } from "../config/config-issue";
import { readGivenReleases } from "./given-releases";
import { lastOutputs } from "./last-run";
import type { ClusterPlan } from "../plan/cluster-plan";

/**
 * Refuses, at preview too, a k3s release that may not follow the one that a node was given, all such nodes at once. A warning where
 * `cluster.allowUntestedK3s` says so.
 */
export async function refuseK3sStep(plan: Pick<ClusterPlan, "k3sVersion" | "allowUntestedK3s" | "nodes">): Promise<void> {
  const { k3sVersion, allowUntestedK3s } = plan;
  // What an earlier run wanted, nodes that it failed on or left out (--target) included. Where it is the same the state, which is much to
  // ask for, is spared: after a run that failed as a whole each node's link (operator-tools/script-provider.cjs) refuses by what it holds itself.
  if ((await lastOutputs()).cluster?.k3sVersion === k3sVersion) return;
  const { faultOfK3sStep } = await import("../operator-tools/run/k3s-step.mjs");
  const faults = [...(await givenReleases(plan.nodes.map(({ name }) => name)))].flatMap(([release, names]) => {
    const fault = faultOfK3sStep(release, k3sVersion);
    return fault === undefined ? [] : [`${names.join(", ")}: ${release} by the last run, and ${k3sVersion} ${fault}`];
  });
  if (faults.length === 0) return;
  const said = `${settingPath("cluster", "k3sVersion")} cannot be given to all nodes:\n${faults.map((fault) => `- ${fault}`).join("\n")}\n`;
  if (allowUntestedK3s) return pulumi.log.warn(`${said}Going on, as cluster.allowUntestedK3s says.`);
  throw new pulumi.RunError(
    `${said}Nothing was changed. Write a release that none of these is newer than, of the same minor as the oldest or the next, and bring all ` +
      "nodes to it first (cluster.allowUntestedK3s: true goes on all the same).",
  );
}

/** Names of nodes by the release that their last install gave them, in the order of the plan; none where nothing was installed yet. */
async function givenReleases(nodes: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const given = await readGivenReleases();
  const found = new Map<string, string[]>();
  for (const name of nodes) {
    const release = given.get(name)?.k3s;
    if (release !== undefined) found.set(release, [...(found.get(release) ?? []), name]);
  }
  return found;
}
