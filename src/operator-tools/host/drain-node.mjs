import { ABANDON, isAbandoned } from "../run/abandoned.mjs";
import { sshCredentials } from "../run/credentials.mjs";
import { fields, flag, number, optional, readFields, text } from "../run/read-fields.mjs";
import { renderScript } from "./render-script.mjs";
import { isReached, stopServer } from "./stop-server.mjs";
import { progressOf } from "../ssh/run-on-host.mjs";
import { runOnServer, serverFields, serverRoutes } from "../ssh/run-on-server.mjs";
import { SshFault, newKeyAdvice } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials, machine } from "../run/tool-input.mjs";

/** @import { ToolContext, ToolOutput } from "../run/output.mjs" */
/** @import { Environment, ScriptSource } from "./render-script.mjs" */
/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { HostRoute } from "../ssh/open-session.mjs" */
/** @import { Reply } from "../ssh/ssh-session.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */

/** @typedef {ToolContext & { readonly limits?: ToolLimits & { readonly besideDrainMs?: number }; readonly scripts?: ScriptSource }} RemoveContext */
/** @typedef {{ readonly input: ReturnType<typeof drainInput>; readonly routes: readonly HostRoute[]; readonly credentials: SshCredentials; readonly context: RemoveContext }} Removal */

/** `role` server: with `own`, the way to its own host, and the other servers in `hosts`; `mayEnd`: the cluster may be lost with all of them. */
const drainInput = fields({
  node: text,
  role: optional(text),
  cluster: optional(text),
  owner: optional(text),
  own: optional(fields({ host: machine, bastion: optional(machine) })),
  mayEnd: optional(flag),
  pool: optional(text),
  removeData: optional(flag),
  drainPolicy: optional(text),
  drainSeconds: number,
  ...serverFields,
  credentials,
});

/** Of drain-node.sh: the node must stay, and what it prints says why and what to do. */
const REFUSED = 3;
// What the script may take beside the drain: the host's lock, an API server that restarts in the same run, deleting the Node.
const BESIDE_DRAIN_MS = 300_000;

/**
 * Drains a node and deletes its Node through a server, unless data would be lost that must not (`removeData`), or pods with
 * `drainPolicy: wait` do not go. Where all servers are gone there is nothing left to drain from, and only nodes go whose data may.
 * A server leaves etcd too, and its k3s is stopped before its Node goes; an only server has nobody to leave to.
 * @type {(given: unknown, context: RemoveContext) => Promise<void>}
 */
export async function drainNode(given, context) {
  const { env, out } = context;
  const input = readFields(given, drainInput);
  const { node } = input;
  const isServer = input.role === "server";
  const routes = serverRoutes(input);
  if (isServer && routes.length === 0) return;
  if (isAbandoned(node, env)) {
    out.say(`warning: ${node} was neither drained nor deleted, because ${ABANDON} names it. Later: kubectl delete node ${node}`);
    return;
  }
  /** @type {Removal} */
  const removal = { input, routes, credentials: sshCredentials(input.credentials, env, out), context };
  if (isServer) return removeServer(removal);
  const reply = await runDrain(removal, {});
  if (reply instanceof SshFault) return warnOfGoneServer(reply, node, out);
  refuseFailure(removal, reply);
}

/** @type {(removal: Removal) => Promise<void>} */
async function removeServer(removal) {
  const { input, credentials: ssh, context } = removal;
  const { node, cluster = "", owner = "", own } = input;
  if (own === undefined)
    throw new ToolError(`The state does not tell the way to the host of ${node}. Run \`pulumi up\` once to write it again.`);
  const server = { node, cluster, owner, own: { name: node, ...own }, credentials: ssh };
  const stopping = { ...context, ...context.limits };
  const isThere = await isReached(server, stopping);
  /** @type {(step: Environment) => Promise<void>} */
  const run = async (step) => {
    const reply = await runDrain(removal, { ROLE: "server", ...step });
    if (reply instanceof SshFault) throw unremoved(node, reply.message);
    refuseFailure(removal, reply);
  };
  if (input.mayEnd === true && (await areAllGone(removal))) {
    context.out.say(
      `warning: ${node} leaves no server behind, because no other server can be reached, and cluster.allowServerReplacement was true`,
    );
    return;
  }
  await run({ STEP: "leave", ...(!isThere && { IS_GONE: "yes" }) });
  if (isThere) await stopServer(server, stopping);
  await run({ STEP: "delete" });
}

/**
 * Whether every other server is gone, or has another host key: it was installed again, and what it was a member of is no more.
 * @type {(removal: Removal) => Promise<boolean>}
 */
async function areAllGone({ input: { node, cluster = "", owner = "" }, routes, credentials: ssh, context }) {
  const stopping = { ...context, ...context.limits };
  const looks = routes.map((own) => isReached({ node, cluster, owner, own, credentials: ssh }, stopping));
  return (await Promise.all(looks)).every((isThere) => !isThere);
}

/**
 * What the script said; the fault where no server can be reached any more and the node may go without.
 * @type {(removal: Removal, more: Environment) => Promise<Reply | SshFault>}
 */
async function runDrain({ input, routes, credentials: ssh, context: { out, limits = {}, scripts } }, more) {
  const { node, pool = "", removeData, drainPolicy = "force", drainSeconds } = input;
  const settings = { DRAIN_SECONDS: drainSeconds, DRAIN_POLICY: drainPolicy, REMOVE_DATA: removeData === true ? "yes" : "no", POOL: pool };
  const run = {
    script: "drain-node",
    /** @type {(passing: Environment) => string} */
    render: (passing) => renderScript("drain-node", { NODE_NAME: node, ...settings, ...more, ...passing }, scripts),
    limitMs: drainSeconds * 1000 + (limits.besideDrainMs ?? BESIDE_DRAIN_MS),
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
  };
  return runOnServer(routes, ssh, run).catch((/** @type {unknown} */ error) => {
    if (!(error instanceof SshFault || error instanceof ToolError)) throw error;
    if (!isGone(error)) throw unremoved(node, `${error.message}${newKeyAdvice(error, node)}`);
    if (removeData !== true)
      throw unremoved(
        node,
        `${error.message}.\nWithout it nobody can tell whether ${node} holds data, and removeData of its pool${pool && ` ${pool}`} is not true`,
      );
    return error;
  });
}

/** @type {(removal: Removal, reply: Reply) => void} */
function refuseFailure({ input: { node, hosts } }, { code, signal, stdout, stderr }) {
  if (code === 0) return;
  if (code === REFUSED) throw new ToolError(lastLine(stdout));
  const last = stderr ? ` (last: ${lastLine(stderr)})` : "";
  const on = hosts === undefined ? "the first server" : "a server";
  throw unremoved(node, `removing ${node} on ${on} ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${last}`);
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
