import { readFileSync } from "node:fs";
import type { RunResult } from "../../lab/contract";
import type { HostName } from "../../lab/hosts/topology";
import type { Lab } from "../../lab/lab";
import { checkoutRoot, inState } from "../../lab/paths";
import { clusterName, labSettings, poolHost } from "../../lab/stack-config";

/** Runs the program's preflight of one host as the operator, past the engine: what an `up` would say of it. */
export function runPreflight(lab: Lab, name: HostName, environment: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  const { k3s, tailscale, caFile } = labSettings(lab)["hybrid-k3s:mirror"];
  const settings = {
    NODE_NAME: name,
    CLUSTER_NAME: clusterName,
    OWNER: "hybrid-k3s/lab",
    ROLE: "server",
    POD_CIDR: "10.42.0.0/16",
    SERVICE_CIDR: "10.43.0.0/16",
    K3S_PORTS: "6443\n10250",
    CHECK_URLS: [`${k3s ?? ""}/install.sh`, `${tailscale ?? ""}/`].join("\n"),
    CA_PEM: readFileSync(caFile ?? "", "utf8"),
    ...environment,
  };
  const privateKey = readFileSync(inState("ssh", "operator"), "utf8");
  const input = {
    v: 1,
    node: name,
    cluster: clusterName,
    owner: "hybrid-k3s/lab",
    host: poolHost(lab, name),
    credentials: { privateKey },
    environment: settings,
  };
  const argv = ["node", "test/lab/helpers/preflight.mjs", "run"];
  return lab.operator.run(argv, { cwd: checkoutRoot, input: JSON.stringify(input), timeoutMs: 120_000 });
}
