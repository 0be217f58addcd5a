import { ToolError } from "../operator-tools/run/tool-error.mjs";
import { onAll } from "./host-work.mjs";

/** @import { ToolOutput } from "../operator-tools/run/output.mjs" */
/** @import { RunScript } from "./host-work.mjs" */
/** @import { StackNode } from "./read-stack.mjs" */

const STOP_SECONDS = 180;
const START_SECONDS = 300;
// Another run's lock, the stop, the start, and on servers the wait until etcd lets them vote.
const REJOIN_SECONDS = START_SECONDS + 900;
const TOKEN_FILE = "/etc/hybrid-k3s/agent-token";

/**
 * Stops k3s on servers that are not to go on with what they have. One that does not answer is said: its k3s must not come back by itself.
 * @type {(servers: readonly StackNode[], run: RunScript, out: ToolOutput) => Promise<void>}
 */
export async function stopServers(servers, run, out) {
  const ends = await onAll(servers, (node) => run(node, { script: "stop-server", limitSeconds: STOP_SECONDS }));
  for (const { fault } of ends) if (fault) out.say(`warning: ${fault.message}; k3s there may still run with the old data`);
}

/**
 * Has other servers join this one again, one after the other: etcd takes in one at a time. Throws with all their faults.
 * @type {(servers: readonly StackNode[], given: { readonly server: StackNode; readonly address: string; readonly run: RunScript; readonly out: ToolOutput }) => Promise<void>}
 */
export async function rejoinServers(servers, { server, address, run, out }) {
  /** @type {string[]} */
  const faults = [];
  for (const node of servers) {
    const environment = { SERVER_IP: address, WAIT_SECONDS: START_SECONDS };
    try {
      await run(node, { script: "rejoin-server", environment, limitSeconds: REJOIN_SECONDS });
      out.say(`${node.name}: is a member of etcd again, by ${server.name}`);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      faults.push(error.message);
    }
  }
  if (faults.length > 0)
    throw new ToolError(
      `${server.name} holds the cluster, but not all servers are back:\n${faults.map((fault) => `- ${fault}`).join("\n")}`,
    );
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
