import { sshCredentials } from "../run/credentials.mjs";
import { anything, fields, flag, listOf, mapOf, number, oneOf, optional, text } from "../run/read-fields.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { sharedTurns } from "../run/upgrade-turns.mjs";
import { progressOf } from "../ssh/run-on-host.mjs";
import { runOnServer, serverFields, serverRoutes } from "../ssh/run-on-server.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { renderScript } from "./render-script.mjs";
import { takesTurn } from "./takes-turn.mjs";

/** @import { GivenCredentials } from "../run/tool-input.mjs" */
/** @import { UpgradeTurns } from "../run/upgrade-turns.mjs" */
/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { Sessions } from "../ssh/session-pool.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */

/** How a node is changed in place. `changes`: settings of the script whose change takes a turn. `gate`: the servers of which the first that answers says when it may and whether it went well. */
export const upgradeInput = fields({
  changes: listOf(text),
  group: text,
  atOnce: number,
  gate: optional(fields({ name: optional(text), ...serverFields, role: oneOf("server", "agent"), drainSeconds: optional(number) })),
});
/** What the link did before. `isOther`: its script or its secrets were others too. `due`: why it runs again where nothing else changed (run/renewal.mjs). */
export const workBefore = optional(
  fields({ environment: optional(mapOf(anything)), isOther: optional(flag), due: optional(oneOf("renewal", "look")) }),
);

/** @typedef {ToolContext & { readonly limits?: ToolLimits; readonly scripts?: ScriptSource; readonly sessions?: Sessions; readonly turns?: UpgradeTurns }} UpgradeContext */
/** @typedef {ReturnType<typeof upgradeInput>} Upgrade */
/** @typedef {ReturnType<typeof workBefore>} WorkBefore */
/**
 * @typedef {object} ChangedNode
 * @property {string} node
 * @property {Readonly<Record<string, string | number | boolean>>} environment
 * @property {GivenCredentials} credentials
 * @property {Upgrade | undefined} upgrade
 * @property {WorkBefore} before
 */

/** A server that was changed just before this node may still be coming back. */
const BEFORE_SECONDS = 300;
const AFTER_SECONDS = 240;
/** The lock of another run, and kubectl. */
const BESIDE_SECONDS = 720;

/**
 * Runs a script on a living node in its turn, with a look before and after through a server, where the script's work changes in a way that takes
 * one; at once otherwise. After a failure of either the node takes pods again and no other node of the run is changed.
 * @template T
 * @param {ChangedNode} changed
 * @param {UpgradeContext} context
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function upgradeNode({ node, environment, credentials, upgrade, before }, context, work) {
  const { turns = sharedTurns, out } = context;
  if (upgrade === undefined || before === undefined || !takesTurn(upgrade.changes, environment, before)) return work();
  const { atOnce, gate } = upgrade;
  // A look alone is meant to restart nothing. It has its turn all the same, as what somebody changed on the host may.
  const drains = takesTurn(upgrade.changes, environment, { ...before, due: before.due === "look" ? undefined : before.due });
  const servers = gate?.role === "server" ? (gate.hosts ?? []) : [];
  const own = servers.length > 1 ? servers.find(({ name }) => name === node) : undefined;
  /** @type {(stage: "leader" | "unready" | "before" | "after" | "undo", seconds: number, through?: typeof servers) => Promise<string>} */
  const check = async (stage, seconds, through) => {
    if (gate === undefined) return "";
    const settings = {
      NODE_NAME: node,
      STAGE: stage,
      ROLE: gate.role,
      K3S_VERSION: environment["K3S_VERSION"] ?? "",
      WAIT_SECONDS: seconds,
      AT_ONCE: atOnce,
      INTEGRATION: environment["INTEGRATION"] ?? "k3s",
    };
    const others = own === undefined ? {} : { OTHER_SERVERS: servers.flatMap(({ name }) => (name === node ? [] : [name])).join(" ") };
    const drain = { ...(drains && gate.drainSeconds !== undefined && { DRAIN_SECONDS: gate.drainSeconds }) };
    return runCheck(
      {
        node,
        gate: { ...gate, ...(through && { hosts: through }) },
        credentials,
        limitMs: (seconds + (gate.drainSeconds ?? 0) + BESIDE_SECONDS) * 1000,
      },
      { ...settings, ...others, ...drain },
      context,
    );
  };
  // Where nobody tells, the look before each one does.
  const unready = await turns.unready(() => check("unready", 0).then(namesIn, () => new Set()));
  // Where it restarts, writes wait for another leader: once, if it goes last.
  const isLast = own !== undefined && (await check("leader", 0, [own]).catch(() => "")) === "leader";
  const turn = { ...turnOf({ node, upgrade, isAway: unready.has(node) }), ...(isLast && { isLastOf: servers.length }) };
  return turns.take(turn, out, async () => {
    let mayBeCordoned = drains && gate?.drainSeconds !== undefined;
    try {
      if ((await check("before", BEFORE_SECONDS)) === "cordoned") mayBeCordoned = true;
      const done = await work();
      await check("after", AFTER_SECONDS);
      return done;
    } catch (error) {
      if (mayBeCordoned) {
        await check("undo", 0).catch(() => out.say(`warning: ${node} could not be uncordoned; later: kubectl uncordon ${node}`));
      }
      throw error;
    }
  });
}

/**
 * One that is away takes no other's place, and is no trial for those that work.
 * @type {(about: { readonly node: string; readonly upgrade: NonNullable<Upgrade>; readonly isAway: boolean }) => import("../run/upgrade-turns.mjs").Turn}
 */
function turnOf({ node, upgrade: { group, atOnce, changes }, isAway }) {
  const kind = `${group === "servers" ? "servers" : "agents"} ${changes.join(" ")}`;
  if (isAway) return { node, group: `${group}, away`, atOnce: group === "servers" ? atOnce : Infinity, kind: `${kind}, away` };
  return { node, group, atOnce, kind };
}

/** @type {(line: string) => ReadonlySet<string>} */
const namesIn = (line) => new Set(line.split(" ").filter((name) => name !== ""));

/**
 * @param {{ readonly node: string; readonly gate: NonNullable<Upgrade["gate"]>; readonly credentials: GivenCredentials; readonly limitMs: number }} where
 * @param {Readonly<Record<string, string | number | boolean>>} settings
 * @param {UpgradeContext} context
 * @returns {Promise<string>} The last line that it printed.
 */
async function runCheck({ node, gate, credentials, limitMs }, settings, { env, out, scripts, sessions, limits = {} }) {
  const routes = serverRoutes(gate, gate.name);
  const run = {
    script: "check-upgrade",
    /** @type {(more: Readonly<Record<string, string | number>>) => string} */
    render: (more) => renderScript("check-upgrade", { ...settings, ...more }, scripts),
    limitMs,
    onLine: progressOf(node, out),
    connectMs: limits.connectMs,
    sessions,
  };
  const reply = await runOnServer(routes, sshCredentials(credentials, env, out), run).catch((/** @type {unknown} */ error) => {
    throw error instanceof SshFault
      ? new ToolError(`${node}: check-upgrade did not end: ${error.message}; then run pulumi up again`)
      : error;
  });
  if (reply.code === 0) return lastLine(reply.stdout);
  const how = reply.signal ? `was ended by signal ${reply.signal}` : `failed with exit code ${reply.code}`;
  throw new ToolError(`${lastLine(reply.stderr) || node} (check-upgrade on ${routes.map(({ name }) => name).join(" or ")} ${how})`);
}
