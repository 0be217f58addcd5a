import * as pulumi from "@pulumi/pulumi";
import { HybridCluster } from "./cluster";
import { loadConfig } from "./config/load";
import { refuseLoneCleanup } from "./preview/refuse-lone-cleanup";
import { refuseOtherCluster } from "./preview/refuse-other-cluster";
import { refuseOtherDatastore } from "./preview/refuse-other-datastore";
import { refuseLostEtcd, refuseLostQuorum } from "./preview/refuse-lost-quorum";
import { refuseOldRoute, refuseOldRouteForReplaced } from "./preview/refuse-old-route";
import { warnOfEndingCertificates } from "./preview/warn-of-ending-certificates";
import { warnOfOldBackups } from "./preview/warn-of-old-backups";
import { warnOfLostData } from "./preview/warn-of-lost-data";
import { findFailedMachines } from "./preview/find-failed-machines";
import { warnOfStoppedServers } from "./preview/warn-of-stopped-servers";
import { refuseMissingEgress } from "./preview/refuse-missing-egress";
import { refuseOverlappingNetworks } from "./preview/refuse-overlapping-networks";
import { refuseChangedRanges } from "./preview/refuse-changed-ranges";
import { warnOfLostMachines } from "./preview/warn-of-lost-machines";
import { clusterStatus } from "./plan/cluster-status";
import { networkStatuses } from "./plan/network-status";
import { planCluster } from "./plan/plan-cluster";
import { lastOutputs } from "./preview/last-run";
import { awaitChecks } from "./preview/await-checks";
import { begunBy, hasBegun } from "./preview/has-begun";
import { previewPolicy } from "./preview/preview-policy";
import { refuseDeadAgent } from "./preview/refuse-dead-agent";
import { refuseK3sStep } from "./preview/refuse-k3s-step";
import { refuseUnofferedService } from "./preview/refuse-unoffered-service";
import { refuseUnwellServers } from "./preview/refuse-unwell-servers";
import { tellUpgrades } from "./preview/tell-upgrades";
import { createVpn } from "./vpn/create-vpn";

export = async () => {
  const { config, secrets, owner, mirrorCaPem, vpnCaPem, s3CaPem, datastoreMarks, sshPublicKey, warnings } = loadConfig();
  const plan = planCluster(config, { mirrorCaPem, vpnCaPem, s3CaPem, datastoreMarks, sshPublicKey, owner, warnings });
  for (const warning of plan.warnings) await pulumi.log.warn(warning);
  if (plan.costs !== undefined) await pulumi.log.info(plan.costs);
  // Pulumi takes a call stack with each of its many promises (runtime/debuggable.ts) and looks every line of it up in the sources: with Node's
  // default of ten lines two thirds of this program's time at 100 nodes. For whole ones: NODE_OPTIONS=--stack-trace-limit=50.
  if (Error.stackTraceLimit === 10) Error.stackTraceLimit = 1;
  const { sshPrivateKey: privateKey, bastionPrivateKey } = secrets;
  const vpn = createVpn(plan.tailnet, secrets);
  const [linesToChange, failedMachines, begun] = await awaitChecks([
    previewPolicy(plan.tailnet, vpn),
    findFailedMachines(plan),
    hasBegun(plan),
    warnOfStoppedServers(plan),
    refuseOtherCluster(plan),
    refuseOtherDatastore(plan),
    refuseLostEtcd(plan),
    refuseLostQuorum(plan, []),
    refuseOldRoute(plan),
    refuseOverlappingNetworks(plan),
    refuseMissingEgress(plan),
    refuseChangedRanges(plan),
    refuseDeadAgent(config.access),
    refuseUnofferedService(plan.tailnet, vpn),
    refuseK3sStep(plan),
    tellUpgrades(plan),
    warnOfEndingCertificates(plan),
  ]);

  const ssh = { sshAgent: config.access.sshAgent, ...(privateKey && { privateKey }), ...(bastionPrivateKey && { bastionPrivateKey }) };
  // Not the cluster's name: under another one the guards would be new, and could refuse nothing.
  const origin = await begunBy(plan);
  const context = {
    plan,
    owner,
    ssh,
    vpn,
    failedMachines,
    hasBegun: begun,
    begunBy: origin,
    ...(secrets.s3 && { s3Credentials: secrets.s3 }),
    ...(secrets.datastore && { datastore: secrets.datastore }),
  };
  const { kubeconfig, apiEndpoint, apiService, nodes, topology, machines, leavers, servers, serverToken, operatorAccess, joinedBy } =
    new HybridCluster("cluster", {
      ...context,
      linesToChange,
      formerServerTokens: (await lastOutputs()).operatorAccess?.serverTokens ?? [],
    });
  await Promise.all([
    warnOfLostMachines(machines, plan),
    warnOfLostData(context, leavers, servers),
    warnOfOldBackups(context, servers),
    refuseUnwellServers(context, servers),
    refuseLostQuorum(plan, leavers),
    refuseOldRouteForReplaced(plan, leavers),
    refuseLoneCleanup(joinedBy),
  ]);
  return {
    kubeconfig,
    apiEndpoint,
    ...(apiService && { apiService }),
    serverToken,
    operatorAccess,
    cluster: { ...clusterStatus(plan), ...(origin !== undefined && { begunBy: origin }) },
    nodes,
    networks: networkStatuses(plan),
    topology,
  };
};
