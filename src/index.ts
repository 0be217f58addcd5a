import * as pulumi from "@pulumi/pulumi";
import { HybridCluster } from "./cluster";
import { loadConfig } from "./config/load";
import { planCluster } from "./plan/plan-cluster";
import { refuseForeignPolicy } from "./tailnet/refuse-foreign-policy";

export = async () => {
  const { config, secrets, owner, mirrorCaPem, warnings } = loadConfig();
  const plan = planCluster(config, { mirrorCaPem, warnings });
  for (const warning of plan.warnings) await pulumi.log.warn(warning);
  // Pulumi keeps the stack of each of its many promises (runtime/debuggable.ts): finding their lines took a fifth of this program's time.
  Error.stackTraceLimit = 1;
  const { sshPrivateKey: privateKey, bastionPrivateKey, tailscale } = secrets;
  await refuseForeignPolicy(plan.tailnet, tailscale);

  const ssh = { sshAgent: config.access.sshAgent, ...(privateKey && { privateKey }), ...(bastionPrivateKey && { bastionPrivateKey }) };
  // Not the cluster's name: under another one the guards would be new, and could refuse nothing.
  const { kubeconfig, apiEndpoint, nodes, topology } = new HybridCluster("cluster", { plan, owner, ssh, tailnet: tailscale });
  return { kubeconfig, apiEndpoint, nodes, topology };
};
