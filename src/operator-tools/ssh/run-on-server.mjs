import { fields, listOf, optional, text } from "../run/read-fields.mjs";
import { machine } from "../run/tool-input.mjs";
import { runOnHost } from "./run-on-host.mjs";
import { SshFault } from "./ssh-fault.mjs";

/** @import { Machine } from "../run/tool-input.mjs" */
/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { HostRoute } from "./open-session.mjs" */
/** @import { HostRun } from "./run-on-host.mjs" */
/** @import { LeaseOptions } from "./session-pool.mjs" */
/** @import { Reply } from "./ssh-session.mjs" */

/** Servers of a cluster; in the state of older releases, and where there is only one, that one alone. */
export const serverFields = {
  hosts: optional(listOf(fields({ name: text, host: machine, bastion: optional(machine) }))),
  host: optional(machine),
  bastion: optional(machine),
};

/** @typedef {{ readonly hosts?: readonly HostRoute[] | undefined; readonly host?: Machine | undefined; readonly bastion?: Machine | undefined }} GivenServers */
/** @typedef {Omit<HostRun, "text"> & LeaseOptions & { readonly render: (more: Readonly<Record<string, string | number>>) => string }} ServerRun `render` is given what the script must know of the other servers */

/** Of lib-servers.sh: this server's API is silent, and another one is to be asked. */
export const ELSEWHERE = 4;
/** An API that restarts takes longer; then another server's answers. */
const PASS_ON_SECONDS = 15;

/**
 * The servers in the order in which they are asked.
 * @type {(given: GivenServers, name?: string) => HostRoute[]}
 */
export function serverRoutes({ hosts, host, bastion }, name = "the first server") {
  if (hosts !== undefined) return [...hosts];
  return host === undefined ? [] : [{ name, host, bastion }];
}

/**
 * Runs a script on the first of these servers that can be reached and whose API answers; what it says of the last one is the outcome.
 * @type {(routes: readonly HostRoute[], credentials: SshCredentials, run: ServerRun) => Promise<Reply>}
 */
export async function runOnServer(routes, credentials, { render, ...run }) {
  const others = routes.slice(0, -1);
  const last = routes.at(-1);
  if (last === undefined) throw new Error("no server to run a script on");
  for (const route of others) {
    try {
      // Nobody waits for a server that may be gone while another one can be asked.
      const reply = await runOnHost(route, credentials, { ...run, text: render({ PASS_ON_SECONDS }), patienceMs: 0 });
      if (reply.code !== ELSEWHERE) return reply;
    } catch (error) {
      // What was cut off may have been done in part: all scripts can be run again. A login that is refused would be so on the others.
      if (!(error instanceof SshFault) || !error.gone) throw error;
    }
    run.onLine?.(`${route.name} does not answer; asking another server`);
  }
  return runOnHost(last, credentials, { ...run, text: render({}) });
}
