import { parseDocument } from "yaml";
import { API_PORT } from "../catalog/ports.cjs";

/** k3s's admin kubeconfig for the outside: its server at `endpoint`, cluster, user and context named after the cluster. Empty stays empty: no cluster yet. */
export function rewriteKubeconfig(text: string, endpoint: string, clusterName: string): string {
  if (text === "") return "";
  const document = parseDocument(text);
  for (const list of ["clusters", "users", "contexts"]) document.setIn([list, 0, "name"], clusterName);
  document.setIn(["clusters", 0, "cluster", "server"], `https://${endpoint}:${API_PORT}`);
  document.setIn(["contexts", 0, "context", "cluster"], clusterName);
  document.setIn(["contexts", 0, "context", "user"], clusterName);
  document.set("current-context", clusterName);
  return document.toString();
}
