import * as pulumi from "@pulumi/pulumi";
import { settingPath } from "../config/config-issue";
import type { ClusterPlan } from "../plan/cluster-plan";
import { type GivenReleases, readGivenReleases } from "./given-releases";
import { lastOutputs } from "./last-run";

type UpgradePlan = Pick<ClusterPlan, "k3sVersion" | "nodes"> & { readonly tailnet: Pick<ClusterPlan["tailnet"], "clientVersion"> };

/** Says of another k3s or tailscale release from what to what it takes each node that stands, in the order in which nodes take turns. */
export async function tellUpgrades({ k3sVersion, nodes, tailnet: { clientVersion } }: UpgradePlan): Promise<void> {
  const { cluster } = await lastOutputs();
  // Where the last run wanted the same, the state is spared; a node that it failed on is told of by its own link.
  if (cluster === undefined || (cluster.k3sVersion === k3sVersion && (cluster.vpnVersion ?? clientVersion) === clientVersion)) return;
  const given = await readGivenReleases();
  const inTurn = [...nodes].sort((a, b) => Number(b.role === "server") - Number(a.role === "server"));
  const stepsOf = (program: keyof GivenReleases, wanted: string) =>
    inTurn.flatMap(({ name, role }) => {
      const before = given.get(name)?.[program];
      return before === undefined || before === wanted ? [] : [`- ${name} (${role}): ${before} to ${wanted}`];
    });
  for (const [path, program, steps] of [
    [settingPath("cluster", "k3sVersion"), "k3s", stepsOf("k3s", k3sVersion)],
    [settingPath("vpn", "version"), "tailscale", stepsOf("tailscale", clientVersion)],
  ] as const) {
    if (steps.length > 0)
      await pulumi.log.info(`${path}: ${program} goes from one release to another, in place and in turns:\n${steps.join("\n")}`);
  }
}
