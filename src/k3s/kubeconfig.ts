import { parseDocument } from "yaml";
import { API_PORT } from "../catalog/ports.cjs";

/** One server of several, or the Service in front of all, as a client may choose it. */
export interface ServerChoice {
  readonly name: string;
  readonly address: string;
}

/**
 * k3s's admin kubeconfig for the outside: its server at `endpoint`, cluster, user and context named after the cluster, which is the current context.
 * Each of `choices` is a context `CLUSTER-NAME` beside it: kubectl does not go on to another server by itself. Empty stays empty: no cluster yet.
 */
export function rewriteKubeconfig(text: string, endpoint: string, clusterName: string, choices: readonly ServerChoice[] = []): string {
  if (text === "") return "";
  const document = parseDocument(text);
  for (const list of ["clusters", "users", "contexts"]) document.setIn([list, 0, "name"], clusterName);
  document.setIn(["clusters", 0, "cluster", "server"], `https://${endpoint}:${API_PORT}`);
  document.setIn(["contexts", 0, "context", "cluster"], clusterName);
  document.setIn(["contexts", 0, "context", "user"], clusterName);
  document.set("current-context", clusterName);
  const { cluster } = (document.toJS() as { clusters: readonly [{ cluster: Readonly<Record<string, unknown>> }] }).clusters[0];
  for (const choice of choices) {
    const name = `${clusterName}-${choice.name}`;
    document.addIn(["clusters"], document.createNode({ cluster: { ...cluster, server: `https://${choice.address}:${API_PORT}` }, name }));
    document.addIn(["contexts"], document.createNode({ context: { cluster: name, user: clusterName }, name }));
  }
  return document.toString();
}
