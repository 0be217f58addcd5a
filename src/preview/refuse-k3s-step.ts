import * as pulumi from "@pulumi/pulumi";
import { settingPath } from "../config/config-issue";
import { lastOutputs } from "../last-run";
import type { ClusterPlan } from "../plan/cluster-plan";
import { faultOfK3sStep } from "../plan/k3s-step";

/**
 * Refuses, at preview too, a k3s release that may not follow the one that the last run to its end installed. A warning where
 * `cluster.allowUntestedK3s` says so; each host refuses what it runs itself once more.
 */
export async function refuseK3sStep({ k3sVersion, allowUntestedK3s }: Pick<ClusterPlan, "k3sVersion" | "allowUntestedK3s">): Promise<void> {
  const before = (await lastOutputs()).cluster?.k3sVersion;
  const fault = before === undefined ? undefined : faultOfK3sStep(before, k3sVersion);
  if (before === undefined || fault === undefined) return;
  const said = `${settingPath("cluster", "k3sVersion")}: the cluster runs ${before}, and ${k3sVersion} ${fault}`;
  if (allowUntestedK3s) return pulumi.log.warn(`${said}; going on, as cluster.allowUntestedK3s says.`);
  throw new pulumi.RunError(
    `${said}. Nothing was changed: write ${before}, or a later release of that minor or the next (cluster.allowUntestedK3s: true goes on all the same).`,
  );
}
