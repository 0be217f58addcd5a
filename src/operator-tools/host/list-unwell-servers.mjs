import { sshCredentials } from "../run/credentials.mjs";
import { fields, readFields } from "../run/read-fields.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials } from "../run/tool-input.mjs";
import { runOnServer, serverFields, serverRoutes } from "../ssh/run-on-server.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { renderScript } from "./render-script.mjs";

/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */

const lookInput = fields({ ...serverFields, credentials });
const LOOK_MS = 60_000;

/**
 * What keeps the servers from being upgraded, a line each (`rack-2 is no voter of etcd`), as the first server that answers sees them. One session;
 * throws where none tells.
 * @type {(given: unknown, context: ToolContext & { readonly limits?: ToolLimits; readonly scripts?: ScriptSource }) => Promise<string[]>}
 */
export async function listUnwellServers(given, { env, out, limits = {}, scripts }) {
  const { credentials: login, ...servers } = readFields(given, lookInput);
  const settings = { NODE_NAME: "the-cluster", ROLE: "server", STAGE: "servers", WAIT_SECONDS: 0 };
  const run = {
    script: "check-upgrade",
    render: (/** @type {Readonly<Record<string, string | number>>} */ more) =>
      renderScript("check-upgrade", { ...settings, ...more }, scripts),
    limitMs: limits.scriptMs ?? LOOK_MS,
    connectMs: limits.connectMs,
  };
  const { code, stdout, stderr } = await runOnServer(serverRoutes(servers), sshCredentials(login, env, out), run);
  if (code !== 0) throw new ToolError(`no server tells of them: ${lastLine(stderr) || `exit code ${code}`}`);
  // What else is printed is the host's own greeting.
  return stdout.split("\n").filter((line) => / is (not Ready|no voter of etcd)$/.test(line));
}
