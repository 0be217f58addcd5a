import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlan } from "../plan/cluster-plan";
import { readCertificateEnds } from "./given-releases";
import { lastOutputs } from "./last-run";

/**
 * Says in a preview which nodes' k3s certificates end within 60 days, as their last install saw them: the run that follows renews them by a
 * restart of k3s (operator-tools/script-provider.cjs), in turns. What nothing renews by itself, the cluster's own authorities, too. No host is asked.
 */
export async function warnOfEndingCertificates({ nodes }: Pick<ClusterPlan, "nodes">, now: () => number = Date.now): Promise<void> {
  if (!pulumi.runtime.isDryRun()) return;
  const { daysLeft, endsSoon } = await import("../operator-tools/run/renewal.mjs");
  const at = now();
  const isDue = (end: string | undefined): end is string => endsSoon(end, at);
  const { nodes: before = [] } = await lastOutputs();
  // Where the outputs tell of none, the state, which is much to ask for, is spared. It knows what a run that failed has renewed all the same.
  if (!before.some(({ certificatesEnd, authoritiesEnd }) => isDue(certificatesEnd) || isDue(authoritiesEnd))) return;
  const ends = await readCertificateEnds();
  const when = (end: string) => {
    const left = daysLeft(end, at);
    return left < 0 ? `ended on ${end}` : `end on ${end}, in ${left} days`;
  };
  const inTurn = [...nodes].sort((a, b) => Number(b.role === "server") - Number(a.role === "server"));
  const due = inTurn.flatMap(({ name }) => {
    const end = ends.get(name)?.certificatesEnd;
    return isDue(end) ? [`- ${name}: ${when(end)}`] : [];
  });
  if (due.length > 0)
    await pulumi.log.warn(
      `Certificates of k3s end soon. pulumi up renews them: it restarts k3s on these nodes, in turns, and pods run on.\n${due.join("\n")}`,
    );
  const [first] = nodes
    .flatMap(({ name }) => ends.get(name)?.authoritiesEnd ?? [])
    .filter((end) => isDue(end))
    .sort();
  if (first !== undefined)
    await pulumi.log.warn(
      `Authorities of the cluster ${when(first)}, and nothing renews them by itself: without them no node and no kubectl gets in. On a server: ` +
        "k3s certificate rotate-ca (docs/day-2.md#certificates says how, and what comes after it).",
    );
}
