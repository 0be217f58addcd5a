import { ABANDON, isAbandoned } from "./abandoned.mjs";
import { sshCredentials } from "./credentials.mjs";
import { requireFields } from "./input.mjs";
import { planRemoval } from "./plan-removal.mjs";
import { renderScript } from "./render-script.mjs";
import { runOnHost } from "./run-on-host.mjs";
import { sharedSessions } from "./session-pool.mjs";
import { SshFault } from "./ssh-fault.mjs";
import { lastLine } from "./ssh-session.mjs";
import { ToolError } from "./tool-error.mjs";

// The API may be restarting in the same run, and each of a few calls has its own limit.
const PREPARE_MS = 240_000;
const LOOK_MS = 60_000;
/** Of prepare-removal.sh: data would be lost. */
const REFUSED = 3;

/**
 * Prepares the removal of nodes that are not listed any more (see plan-removal.mjs) and reveals {left}. One session to the first server,
 * and none where nothing is to be done there. Throws before anything is done where volumes would be lost that must not.
 */
export async function prepareRemoval(input, { env, out, reveal, limits = {}, scripts, sessions = sharedSessions }) {
  const plan = planRemoval(input.before, input);
  const isKept = ({ name }) => !isAbandoned(name, env);
  const keepData = plan.keepData.filter(isKept);
  const work = {
    KEEP_DATA: keepData.map(({ name }) => name),
    CORDON: plan.cordon,
    UNCORDON: plan.uncordon,
    ANNOTATE: plan.annotate,
  };
  if (plan.cordon.length + plan.uncordon.length + plan.annotate.length > 0) {
    const environment = Object.fromEntries(Object.entries(work).map(([key, lines]) => [key, lines.join("\n")]));
    try {
      const reply = await runOnFirstServer(input, "prepare-removal", environment, {
        env,
        out,
        limitMs: limits.scriptMs ?? PREPARE_MS,
        limits,
        scripts,
        sessions,
      });
      if (reply.code === REFUSED) throw new ToolError(refusal(readVolumes(reply.stdout), keepData, input.pools));
      if (reply.code !== 0)
        throw new ToolError(`The removal of nodes could not be prepared on the first server (${outcome(reply)}); nothing was removed.`);
    } catch (error) {
      if (!(error instanceof SshFault)) throw error;
      tellUnprepared(error, { keepData, plan, out });
    }
  }
  reveal({ left: plan.left });
}

/** The volumes that would be lost with these nodes: {node, volume, claim, pods}. One session; throws where the first server does not tell. */
export async function lookAtData(input, { env, out, limits = {}, scripts }) {
  const environment = { NODE_NAMES: input.nodes.join("\n") };
  const reply = await runOnFirstServer(input, "list-node-data", environment, {
    env,
    out,
    limitMs: limits.scriptMs ?? LOOK_MS,
    limits,
    scripts,
  });
  if (reply.code !== 0) throw new ToolError(`the first server did not tell of them: ${outcome(reply)}`);
  return readVolumes(reply.stdout);
}

/** One line on a volume, for people. */
export function describeVolume({ volume, claim, pods }) {
  return `volume ${volume} (claim ${claim}${pods.length > 0 ? `, pods ${pods.join(" ")}` : ""})`;
}

function runOnFirstServer(input, script, environment, { env, out, limitMs, limits, scripts, sessions }) {
  requireFields(input, ["host.address", "host.user", "host.hostKey"]);
  const target = { name: "the first server", host: input.host, bastion: input.bastion };
  const text = renderScript(script, environment, scripts);
  return runOnHost(target, sshCredentials(input.credentials, env, out), { script, text, limitMs, connectMs: limits.connectMs, sessions });
}

function readVolumes(text) {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [node, volume, claim, ...pods] = line.split(" ");
    return { node, volume, claim, pods };
  });
}

const outcome = ({ code, signal, stderr }) =>
  `${signal ? `signal ${signal}` : `exit code ${code}`}${lastLine(stderr) ? `, last: ${lastLine(stderr)}` : ""}`;

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

/** Without the first server nothing can be asked or cordoned. What must not be lost keeps its node; the rest goes on. */
function tellUnprepared(fault, { keepData, plan, out }) {
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
