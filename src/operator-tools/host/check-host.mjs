import { sshCredentials } from "../run/credentials.mjs";
import { Deadline, pause } from "../run/deadline.mjs";
import { openControl } from "../control/open-control.mjs";
import { fields, mapOf, optional, readFields, scalar, text } from "../run/read-fields.mjs";
import { renderScript } from "./render-script.mjs";
import { runOnHost } from "../ssh/run-on-host.mjs";
import { sharedSessions } from "../ssh/session-pool.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { lastLine } from "../ssh/ssh-session.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials, machine, taggedTailnet } from "../run/tool-input.mjs";

/** @import { Device } from "../control/control-server.mjs" */
/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { Reveal } from "./run-script.mjs" */
/** @import { Sessions } from "../ssh/session-pool.mjs" */
/** @import { Reply } from "../ssh/ssh-session.mjs" */

/** @typedef {ToolLimits & { readonly nameMs?: number }} CheckLimits */
/** @typedef {ToolContext & { readonly reveal: Reveal; readonly limits?: CheckLimits; readonly scripts?: ScriptSource; readonly sessions?: Sessions; readonly now?: () => number }} CheckContext */
/** @typedef {ReturnType<typeof checkInput>} CheckInput */
/** @typedef {() => Promise<Device[]>} ListDevices */

/** `before`: what an earlier look was for. */
const checkInput = fields({
  node: text,
  environment: mapOf(scalar),
  host: machine,
  bastion: optional(machine),
  hostKey: optional(text),
  before: optional(fields({ hostKey: optional(text) })),
  tailnet: optional(taggedTailnet),
  credentials,
});

const CHECK_MS = 120_000;
const NAME_MS = 20_000;
const NAME_POLL_MS = 2000;

/**
 * Looks at a host and changes nothing. All its faults come in one message. With `before` (what an earlier look was for) the host is a node
 * already: where its host key is another one since then, it must carry this node's marker, or another machine answers in its place.
 * @type {(given: unknown, context: CheckContext) => Promise<void>}
 */
export async function checkHost(given, { env, out, reveal, limits = {}, scripts, sessions = sharedSessions, now = secondsNow }) {
  const input = readFields(given, checkInput);
  const { node, host, bastion, before } = input;
  const devices = clusterDevices(input, { env, out, limits });
  const others = (await devices()).map(({ hostname }) => hostname).filter((name) => name !== node);
  // Facts of the moment of looking: in the input they would make every `up`, or every new host, a change.
  const seen = { NOW_EPOCH: now(), OTHER_NODE_NAMES: others.join("\n") };
  const isAdopted = before !== undefined && before.hostKey !== input.hostKey;
  const words = renderScript("preflight-host", { ...seen, ...input.environment, ...(isAdopted && { EXPECT_OURS: "yes" }) }, scripts);
  const run = { script: "preflight-host", text: words, sessions, limitMs: limits.scriptMs ?? CHECK_MS, connectMs: limits.connectMs };
  const reply = await runOnHost({ name: node, host, bastion }, sshCredentials(input.credentials, env, out), run).catch(
    (/** @type {unknown} */ error) => {
      throw error instanceof SshFault ? refusal(input, [`- ${error.message}`]) : error;
    },
  );
  const faults = [...(reply.code === 0 ? [] : faultLines(reply)), ...(isClaimed(reply) ? [] : await nameFaults(input, devices, limits))];
  if (faults.length > 0) throw refusal(input, faults);
  reveal({ host: "ok" });
}

const secondsNow = () => Math.floor(Date.now() / 1000);

/** @type {(reply: Reply) => boolean} */
const isClaimed = ({ stdout }) => /^claimed$/m.test(stdout);

/**
 * Reads the devices that carry the cluster's tag; none where the tailnet is not given.
 * @type {(input: CheckInput, context: ToolContext & { readonly limits: CheckLimits }) => ListDevices}
 */
function clusterDevices({ tailnet }, { env, out, limits }) {
  if (tailnet === undefined) return () => Promise.resolve([]);
  const control = openControl(tailnet, { env, out, limits: limits.api });
  return async () => (await control.listDevices()).filter(({ tags }) => tags.includes(tailnet.tag));
}

/**
 * Another machine that answers under this node's name, as a fault. Our own claimed host may be it; a re-installed one is still called connected for a moment.
 * @type {(input: CheckInput, devices: ListDevices, limits: CheckLimits) => Promise<string[]>}
 */
async function nameFaults({ node }, devices, limits) {
  const deadline = new Deadline(limits.nameMs ?? NAME_MS);
  for (;;) {
    const holder = (await devices()).find(({ hostname, isOnline }) => hostname === node && isOnline);
    if (!holder) return [];
    if (deadline.over)
      return [
        `- another machine, ${holder.addresses[0] ?? holder.name} in the tailnet, is this cluster's ${node} already; ` +
          `give this host another name in the config, or remove that device`,
      ];
    await pause(NAME_POLL_MS, deadline);
  }
}

/** @type {(input: CheckInput, lines: readonly string[]) => ToolError} */
function refusal({ node, host, before }, lines) {
  return new ToolError(
    `${node} (${host.user}@${host.address}:${host.port ?? 22}) cannot ${before ? "stay a node" : "become a node yet"}; nothing was changed on it:\n${lines.join("\n")}`,
  );
}

/**
 * The script writes each fault as `- seen; what to do`, indented lines belong to the fault above.
 * @type {(reply: Reply) => string[]}
 */
function faultLines({ code, signal, stderr }) {
  const lines = stderr.split("\n").filter((line) => /^(- |\s+\S)/.test(line));
  if (lines.some((line) => line.startsWith("- "))) return lines;
  const last = lastLine(stderr);
  return [
    `- the checks themselves broke off (${signal ? `signal ${signal}` : `exit code ${code}`}${last ? `, last: ${last}` : ""}); log in and look at its shell, disk and memory`,
  ];
}
