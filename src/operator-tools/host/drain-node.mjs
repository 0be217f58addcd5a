import { ABANDON, isAbandoned } from "../run/abandoned.mjs";
import { sshCredentials } from "../run/credentials.mjs";
import { fields, flag, number, optional, readFields, text } from "../run/read-fields.mjs";
import { renderScript } from "./render-script.mjs";
import { progressOf, runOnHost } from "../ssh/run-on-host.mjs";
import { SshFault, newKeyAdvice } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials, machine } from "../run/tool-input.mjs";

/** @import { ToolContext, ToolOutput } from "../run/output.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */

/** @typedef {ToolContext & { readonly limits?: ToolLimits & { readonly besideDrainMs?: number }; readonly scripts?: ScriptSource }} RemoveContext */

const drainInput = fields({
  node: text,
  pool: optional(text),
  removeData: optional(flag),
  drainPolicy: optional(text),
  drainSeconds: number,
  host: machine,
  bastion: optional(machine),
  credentials,
});

/** Of drain-node.sh: the node must stay, and what it prints says why and what to do. */
const REFUSED = 3;
// What the script may take beside the drain: the host's lock, an API server that restarts in the same run, deleting the Node.
const BESIDE_DRAIN_MS = 300_000;

/**
 * Drains a node and deletes its Node through the first server, unless data would be lost that must not (`removeData`), or pods with
 * `drainPolicy: wait` do not go. Where that server is gone there is nothing left to drain from, and only nodes go whose data may.
 * @type {(given: unknown, context: RemoveContext) => Promise<void>}
 */
export async function drainNode(given, { env, out, limits = {}, scripts }) {
  const input = readFields(given, drainInput);
  const { node, pool = "", removeData, drainPolicy = "force", drainSeconds, host, bastion } = input;
  if (isAbandoned(node, env)) {
    out.say(`warning: ${node} was neither drained nor deleted, because ${ABANDON} names it. Later: kubectl delete node ${node}`);
    return;
  }
  const settings = { DRAIN_SECONDS: drainSeconds, DRAIN_POLICY: drainPolicy, REMOVE_DATA: removeData === true ? "yes" : "no", POOL: pool };
  const script = renderScript("drain-node", { NODE_NAME: node, ...settings }, scripts);
  const run = {
    script: "drain-node",
    text: script,
    limitMs: drainSeconds * 1000 + (limits.besideDrainMs ?? BESIDE_DRAIN_MS),
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
  };
  const reply = await runOnHost({ name: "the first server", host, bastion }, sshCredentials(input.credentials, env, out), run).catch(
    (/** @type {unknown} */ error) => {
      if (!(error instanceof SshFault || error instanceof ToolError)) throw error;
      if (!isGone(error)) throw unremoved(node, `${error.message}${newKeyAdvice(error, node)}`);
      if (removeData !== true)
        throw unremoved(
          node,
          `${error.message}.\nWithout it nobody can tell whether ${node} holds data, and removeData of its pool${pool && ` ${pool}`} is not true`,
        );
      return error;
    },
  );
  if (reply instanceof SshFault) {
    warnOfGoneServer(reply, node, out);
    return;
  }
  const { code, signal, stdout, stderr } = reply;
  if (code === 0) return;
  if (code === REFUSED) throw new ToolError(lastLine(stdout));
  const last = stderr ? ` (last: ${lastLine(stderr)})` : "";
  throw unremoved(node, `removing ${node} on the first server ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${last}`);
}

/**
 * Another host key says nothing of the cluster behind it: the key of a living server may have been changed.
 * @type {(error: unknown) => error is SshFault}
 */
const isGone = (error) => error instanceof SshFault && error.gone && error.kind !== "hostkey";

/** @type {(node: string, why: string) => ToolError} */
const unremoved = (node, why) =>
  new ToolError(
    `${why}.\n${node} is still a Node of the cluster. Cure that and run the same command again; to go on without: ${ABANDON}=${node}`,
  );

/** @type {(fault: SshFault, node: string, out: ToolOutput) => void} */
function warnOfGoneServer(fault, node, out) {
  out.say(
    `warning: ${fault.message}.\n${node} was neither drained nor deleted from the cluster, and its removal goes on. ` +
      `If the server comes back with its data, run this with the stack's kubeconfig:\n  kubectl delete node ${node}`,
  );
}
