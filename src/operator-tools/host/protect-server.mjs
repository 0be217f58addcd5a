import { anything, fields, optional, readFields, text } from "../run/read-fields.mjs";
import { ToolError } from "../run/tool-error.mjs";

const input = fields({ allowed: anything, node: optional(text), cluster: optional(text) });

/**
 * Stops a run that would replace or remove the only server, unless the state of an earlier `up` allows it.
 * @type {(given: unknown) => void}
 */
export function protectServer(given) {
  const { allowed, node, cluster } = readFields(given, input);
  if (allowed !== true) throw new ToolError(describeLostServer({ node, cluster }));
}

/**
 * What a run would lose that replaces or removes the only server, and what to do.
 * @type {(server: { readonly node?: string | undefined; readonly cluster?: string | undefined }) => string}
 */
export function describeLostServer({ node, cluster }) {
  return (
    `This run would replace or remove ${node ?? "the first server"}, the only server${cluster ? ` of cluster ${cluster}` : ""}, and with it everything the cluster holds. ` +
    "It was stopped before anything was deleted.\n" +
    "- If that is not wanted: take back the change of that server's generation, role or name, or of cluster.name, podCidr or serviceCidr, or of vpn.integration to or from flannel-iface.\n" +
    "- If it is wanted: take the change back, set `allowServerReplacement: true` in the stack's `hybrid-k3s:cluster` (cluster.allowServerReplacement), " +
    "run one `pulumi up` of its own, so that the permission is in the state, then make the change again.\n" +
    "`pulumi destroy` is never stopped by this."
  );
}
