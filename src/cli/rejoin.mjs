import { ToolError } from "../operator-tools/run/tool-error.mjs";
import { onAll, UnknownEnd } from "./host-work.mjs";

/** @import { ToolOutput } from "../operator-tools/run/output.mjs" */
/** @import { RunScript } from "./host-work.mjs" */
/** @import { StackNode } from "./read-stack.mjs" */

const STOP_SECONDS = 180;
const START_SECONDS = 300;
// Another run's lock, the stop, the start, and on servers the wait until etcd lets them vote.
const REJOIN_SECONDS = START_SECONDS + 900;
const TOKEN_FILE = "/etc/hybrid-k3s/agent-token";

/**
 * While k3s of these servers is stopped, the work that gives them another cluster to join. Where it comes to nothing, they go on with what they have;
 * where nobody knows what it came to, they stay stopped: with what they have they could go on as a second cluster.
 * @template T
 * @param {readonly StackNode[]} servers
 * @param {{ readonly run: RunScript; readonly out: ToolOutput; readonly operation: string }} given `operation`: what the work is a part of
 * @param {() => Promise<T>} work
 * @returns {Promise<{ readonly done: T; readonly stopped: readonly StackNode[]; readonly faults: readonly string[] }>} `faults`: of servers that could not be stopped, and what to do about each
 */
export async function whileStopped(servers, { run, out, operation }, work) {
  const environment = { OPERATION: operation };
  const ends = await onAll(servers, (node) => run(node, { script: "stop-server", environment, limitSeconds: STOP_SECONDS }));
  for (const { fault } of ends) if (fault) out.say(`warning: ${fault.message}; k3s there may still run with the old data`);
  const stopped = ends.flatMap(({ node, fault }) => (fault ? [] : [node]));
  const faults = ends.flatMap(({ node, fault }) => (fault ? [`${fault.message}; ${leftOut(node)}`] : []));
  try {
    return { done: await work(), stopped, faults };
  } catch (error) {
    if (error instanceof UnknownEnd) {
      if (stopped.length > 0) out.say(`${stopped.map(({ name }) => name).join(", ")}: k3s stays stopped, as nobody knows how far it came`);
      throw new ToolError(`${error.message}\nRun the same command again: what was begun is seen through, or taken back first.`);
    }
    const starts = await onAll(stopped, (node) => run(node, { script: "start-server", limitSeconds: STOP_SECONDS }));
    for (const { node, fault } of starts)
      out.say(
        fault ? `warning: ${fault.message}; start it: systemctl enable --now k3s` : `${node.name}: k3s starts again with what it had`,
      );
    throw error;
  }
}

/**
 * What becomes of a server that was not asked to join again.
 * @type {(node: StackNode) => string}
 */
export const leftOut = ({ name }) =>
  `what ${name} holds can never join again: when its host is back, raise its generation in the config and run pulumi up --refresh, or take it out of the config`;

/**
 * Has other servers join this one again; k3s lets etcd take in one at a time. Gives the faults of those that do not.
 * @type {(servers: readonly StackNode[], given: { readonly server: StackNode; readonly address: string; readonly authority?: string; readonly operation: string; readonly run: RunScript; readonly out: ToolOutput }) => Promise<string[]>}
 */
export async function rejoinServers(servers, { server, address, authority, operation, run, out }) {
  const environment = {
    SERVER_IP: address,
    OPERATION: operation,
    WAIT_SECONDS: START_SECONDS,
    ...(authority && { CLUSTER_AUTHORITY: authority }),
  };
  const ends = await onAll(servers, async (node) => {
    await run(node, { script: "rejoin-server", environment, limitSeconds: REJOIN_SECONDS });
    out.say(`${node.name}: is a member of etcd again, by ${server.name}`);
  });
  return ends.flatMap(({ fault }) => (fault ? [fault.message] : []));
}

/**
 * Has agents go on with the restored cluster; gives the faults of those that do not.
 * @type {(agents: readonly StackNode[], given: { readonly restored: Record<string, unknown>; readonly run: RunScript; readonly out: ToolOutput }) => Promise<string[]>}
 */
export async function rejoinAgents(agents, { restored, run, out }) {
  const { agentToken, address, clusterId, authority } = restored;
  const environment = {
    SERVER_IP: String(address),
    AGENT_TOKEN_FILE: TOKEN_FILE,
    CLUSTER_ID: String(clusterId),
    CLUSTER_AUTHORITY: String(authority),
    WAIT_SECONDS: START_SECONDS,
  };
  const secrets = [{ path: TOKEN_FILE, secret: String(agentToken) }];
  const ends = await onAll(agents, (node) => run(node, { script: "rejoin-agent", environment, secrets, limitSeconds: REJOIN_SECONDS }));
  for (const { node, fault } of ends) if (!fault) out.say(`${node.name}: is back`);
  return ends.flatMap(({ node, fault }) => (fault ? [`${fault.message}; when ${node.name} answers again, run pulumi up --refresh`] : []));
}
