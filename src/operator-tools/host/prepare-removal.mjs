import { ABANDON, isAbandoned } from "../run/abandoned.mjs";
import { sshCredentials } from "../run/credentials.mjs";
import { planRemoval } from "./plan-removal.mjs";
import { fields, flag, listOf, mapOf, optional, readFields, text } from "../run/read-fields.mjs";
import { renderScript } from "./render-script.mjs";
import { runOnServer, serverFields, serverRoutes } from "../ssh/run-on-server.mjs";
import { sharedSessions } from "../ssh/session-pool.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials } from "../run/tool-input.mjs";

/** @import { RemovalSteps, Roster, RosterNode } from "./plan-removal.mjs" */
/** @import { ToolContext, ToolOutput } from "../run/output.mjs" */
/** @import { Environment, ScriptSource } from "./render-script.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { Reveal } from "./run-script.mjs" */
/** @import { Sessions } from "../ssh/session-pool.mjs" */
/** @import { Reply } from "../ssh/ssh-session.mjs" */

/**
 * A volume that no other node can use. `claim` and `pods` with their namespaces, `NAMESPACE/NAME`.
 * @typedef {{ node: string; volume: string; claim: string; pods: string[] }} LostVolume
 */
/** @typedef {ToolContext & { readonly limits?: ToolLimits; readonly scripts?: ScriptSource; readonly sessions?: Sessions }} ServersContext */

const removal = { removeData: flag, drainPolicy: text };
const roster = {
  nodes: listOf(fields({ name: text, pool: text, ...removal, drain: text })),
  pools: mapOf(fields(removal)),
};
const rosterInput = fields({ ...roster, before: fields({ ...roster, left: optional(roster.nodes) }) });
const serversInput = fields({ ...serverFields, credentials });
const nodesInput = fields({ nodes: listOf(text) });

// The API may be restarting in the same run, and each of a few calls has its own limit.
const PREPARE_MS = 240_000;
const LOOK_MS = 60_000;
/** Of prepare-removal.sh: data would be lost. */
const REFUSED = 3;

/**
 * Prepares the removal of nodes that are not listed any more (see plan-removal.mjs) and reveals {left}. One session to the first server,
 * and none where nothing is to be done there. Throws before anything is done where volumes would be lost that must not.
 * @type {(given: unknown, context: ServersContext & { readonly reveal: Reveal }) => Promise<void>}
 */
export async function prepareRemoval(given, { reveal, ...context }) {
  const { env, out, limits = {} } = context;
  const input = readFields(given, rosterInput);
  const plan = planRemoval(input.before, input);
  /** @type {(node: RosterNode) => boolean} */
  const isKept = ({ name }) => !isAbandoned(name, env);
  const keepData = plan.keepData.filter(isKept);
  const lists = {
    KEEP_DATA: keepData.map(({ name }) => name),
    CORDON: plan.cordon,
    UNCORDON: plan.uncordon,
    ANNOTATE: plan.annotate,
  };
  if (plan.cordon.length + plan.uncordon.length + plan.annotate.length > 0) {
    const environment = Object.fromEntries(Object.entries(lists).map(([key, lines]) => [key, lines.join("\n")]));
    try {
      const work = { script: "prepare-removal", environment, limitMs: limits.scriptMs ?? PREPARE_MS };
      const reply = await askServers(given, work, { sessions: sharedSessions, ...context });
      if (reply.code === REFUSED) throw new ToolError(refusal(readVolumes(reply.stdout, lists.KEEP_DATA), keepData, input.pools));
      if (reply.code !== 0)
        throw new ToolError(`The removal of nodes could not be prepared on a server (${outcome(reply)}); nothing was removed.`);
    } catch (error) {
      if (!(error instanceof SshFault)) throw error;
      warnOfUnprepared(error, { keepData, plan, out });
    }
  }
  reveal({ left: plan.left });
}

/**
 * The volumes that would be lost with these nodes. One session; throws where the first server does not tell.
 * @type {(given: unknown, context: ServersContext) => Promise<LostVolume[]>}
 */
export async function listLostVolumes(given, context) {
  const { nodes } = readFields(given, nodesInput);
  const limitMs = context.limits?.scriptMs ?? LOOK_MS;
  const reply = await askServers(given, { script: "list-node-data", environment: { NODE_NAMES: nodes.join("\n") }, limitMs }, context);
  if (reply.code !== 0) throw new ToolError(`the first server did not tell of them: ${outcome(reply)}`);
  return readVolumes(reply.stdout, nodes);
}

/**
 * One line on a volume, for people.
 * @type {(volume: LostVolume) => string}
 */
export function describeVolume({ volume, claim, pods }) {
  return `volume ${volume} (claim ${claim}${pods.length > 0 ? `, pods ${pods.join(" ")}` : ""})`;
}

/** @type {(given: unknown, work: { readonly script: string; readonly environment: Environment; readonly limitMs: number }, context: ServersContext) => Promise<Reply>} */
function askServers(given, { script, environment, limitMs }, { env, out, limits = {}, scripts, sessions }) {
  const input = readFields(given, serversInput);
  /** @type {(more: Environment) => string} */
  const render = (more) => renderScript(script, { ...environment, ...more }, scripts);
  return runOnServer(serverRoutes(input), sshCredentials(input.credentials, env, out), {
    script,
    render,
    limitMs,
    connectMs: limits.connectMs,
    sessions,
  });
}

/**
 * Of these nodes: what else is printed is the host's own greeting.
 * @type {(stdout: string, nodes: readonly string[]) => LostVolume[]}
 */
function readVolumes(stdout, nodes) {
  const volumes = stdout.split("\n").map((line) => {
    const [node = "", volume = "", claim = "", ...pods] = line.split(" ");
    return { node, volume, claim, pods };
  });
  return volumes.filter(({ node }) => nodes.includes(node));
}

/** @type {(reply: Reply) => string} */
const outcome = ({ code, signal, stderr }) =>
  `${signal ? `signal ${signal}` : `exit code ${code}`}${lastLine(stderr) ? `, last: ${lastLine(stderr)}` : ""}`;

/** @type {(volumes: readonly LostVolume[], nodes: readonly RosterNode[], pools: Roster["pools"]) => string} */
function refusal(volumes, nodes, pools) {
  const holders = nodes.filter(({ name }) => volumes.some(({ node }) => node === name));
  const settings = [...new Set(holders.map(({ pool }) => pool))]
    .filter((pool) => pool in pools)
    .map((pool) => `hybrid-k3s:pools.${pool}.removeData`);
  const others = holders.filter(({ pool }) => !(pool in pools)).map(({ name }) => name);
  const ways = [
    ...(settings.length > 0 ? [`set ${settings.join(", ")} to true`] : []),
    ...(others.length > 0 ? [`kubectl annotate node ${others.join(" ")} hybrid-k3s/remove-data=true`] : []),
  ];
  return [
    "Nothing was removed, because volumes that no other node can use would be lost with the nodes that leave:",
    ...volumes.map((one) => `- ${one.node}: ${describeVolume(one)}`),
    `Move the data and delete the claims, or put the nodes back. Where the data may go: ${ways.join(" and ")}; then run the same command again.`,
  ].join("\n");
}

/**
 * Without the first server nothing can be asked or cordoned. What must not be lost keeps its node; the rest goes on.
 * @type {(fault: SshFault, about: { readonly keepData: readonly RosterNode[]; readonly plan: RemovalSteps; readonly out: ToolOutput }) => void}
 */
function warnOfUnprepared(fault, { keepData, plan, out }) {
  if (keepData.length > 0) {
    const names = keepData.map(({ name }) => name);
    throw new ToolError(
      `Nothing was removed, because nobody could tell whether ${names.join(", ")} hold data: ${fault.message}.\n` +
        `Cure that and run the same command again; to remove them whatever they hold: ${ABANDON}=${names.join(",")}`,
    );
  }
  if (plan.uncordon.length > 0)
    throw new ToolError(`${plan.uncordon.join(", ")} could not be given back to the cluster: ${fault.message}.`);
  // Another host key says nothing of the cluster behind it.
  if (!fault.gone || fault.kind === "hostkey")
    throw new ToolError(`The removal of nodes could not be prepared, and nothing was removed: ${fault.message}.`);
  out.say(`warning: ${fault.message}.\nThe nodes that leave could not be cordoned together, and their removal goes on.`);
}
