import { sshCredentials } from "../run/credentials.mjs";
import { isObject, parseJson } from "../run/json.mjs";
import { fields, readFields, text } from "../run/read-fields.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials } from "../run/tool-input.mjs";
import { runOnServer, serverFields, serverRoutes } from "../ssh/run-on-server.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { renderScript } from "./render-script.mjs";

/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */

const lookInput = fields({ node: text, ...serverFields, credentials });
const LOOK_MS = 60_000;

/**
 * The newest snapshot that the first server which answers has or knows of; nothing where there is none. One session; throws where the server does not tell.
 * @type {(given: unknown, context: ToolContext & { readonly limits?: ToolLimits; readonly scripts?: ScriptSource }) => Promise<{ readonly name: string; readonly time: number } | undefined>}
 */
export async function findLastBackup(given, { env, out, limits = {}, scripts }) {
  const { node, credentials: login, ...servers } = readFields(given, lookInput);
  const run = {
    script: "list-backups",
    render: (/** @type {Readonly<Record<string, string | number>>} */ more) =>
      renderScript("list-backups", { NODE_NAME: node, ...more }, scripts),
    limitMs: limits.scriptMs ?? LOOK_MS,
    connectMs: limits.connectMs,
  };
  const { code, stdout, stderr } = await runOnServer(serverRoutes(servers, node), sshCredentials(login, env, out), run);
  if (code !== 0) throw new ToolError(`${node} does not tell of its backups: ${lastLine(stderr) || `exit code ${code}`}`);
  const [newest] = readSnapshots(parseJson(lastLine(stdout))).sort((a, b) => b.time - a.time);
  return newest && { name: newest.name, time: newest.time };
}

/** @typedef {{ readonly name: string; readonly node: string; readonly bytes: number; readonly time: number; readonly inS3: boolean }} ListedSnapshot `time` in milliseconds since 1970 */

/**
 * What list-backups.sh prints: k3s's ETCDSnapshotFile objects. Those that are not ready to be used are left out.
 * @type {(printed: unknown) => ListedSnapshot[]}
 */
export function readSnapshots(printed) {
  const list = isObject(printed) ? printed.list : undefined;
  const items = isObject(list) && Array.isArray(list.items) ? list.items : [];
  return items.flatMap((/** @type {unknown} */ item) => {
    if (!isObject(item) || !isObject(item.spec) || !isObject(item.status) || item.status.readyToUse !== true) return [];
    const { snapshotName, nodeName, location } = item.spec;
    const time = Date.parse(String(item.status.creationTime));
    const inS3 = String(location).startsWith("s3://");
    return [{ name: String(snapshotName), node: String(nodeName), bytes: Number(item.status.size), time, inS3 }];
  });
}
