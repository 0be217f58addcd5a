import { ABANDON, isAbandoned } from "../run/abandoned.mjs";
import { cleanHost, cleanLaterCommand } from "./clean-host.mjs";
import { sshCredentials } from "../run/credentials.mjs";
import { removeDevices } from "../control/devices.mjs";
import { parseInput } from "../run/input.mjs";
import { openControl } from "../control/open-control.mjs";
import { fields, optional, readFields, text } from "../run/read-fields.mjs";
import { newKeyAdvice, SshFault } from "../ssh/ssh-fault.mjs";
import { asError, ToolError } from "../run/tool-error.mjs";
import { credentials, machine, taggedTailnet } from "../run/tool-input.mjs";

/** @import { NodeHost } from "./clean-host.mjs" */
/** @import { ToolContext, ToolOutput } from "../run/output.mjs" */
/** @import { ScriptSource } from "./render-script.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */

/** @typedef {ToolContext & { readonly limits?: ToolLimits & { readonly pollMs?: number }; readonly scripts?: ScriptSource }} LeaveContext */
/** @typedef {ReturnType<typeof deviceInput>} DeviceInput */

const hostFields = { node: text, cluster: text, owner: text, host: machine, bastion: optional(machine) };
const hostInput = fields(hostFields);
const deviceInput = fields({ node: text, tailnet: taggedTailnet });
const wholeInput = fields({ ...hostFields, tailnet: taggedTailnet, credentials });

/**
 * Undoes a node's joining: its host as far as it answers, then its tailnet device, whatever became of the host. Each
 * part has its own time limit and both faults are told. A node without `host` (a cloud's) has only the device.
 * @type {(given: Readonly<Record<string, unknown>>, context: LeaveContext) => Promise<void>}
 */
export async function cleanUpNode(given, context) {
  const whole = given.host ? readFields(given, wholeInput) : undefined;
  const device = whole ?? readFields(given, deviceInput);
  /** @type {Error[]} */
  const faults = [];
  /** @type {(thrown: unknown) => void} */
  const keep = (thrown) => void faults.push(asError(thrown));
  if (whole) await hostPart(whole, context).catch(keep);
  await devicePart(device, context).catch(keep);
  if (faults.length === 0) return;
  const unexpected = faults.find((fault) => !(fault instanceof ToolError || fault instanceof SshFault));
  if (unexpected) throw unexpected;
  throw new ToolError(faults.map((fault) => fault.message).join("\n"));
}

/** @type {(input: ReturnType<typeof wholeInput>, context: LeaveContext) => Promise<void>} */
async function hostPart(input, { env, out, limits = {}, scripts }) {
  const { node } = input;
  if (isAbandoned(node, env)) return warnOfCleaningLater(input, out, `${node}: its host is left as it is, because ${ABANDON} names it.`);
  /** @type {"cleaned" | SshFault} */
  let outcome;
  try {
    outcome = await cleanHost(input, sshCredentials(input.credentials, env, out), {
      out,
      scripts,
      limitMs: limits.scriptMs,
      connectMs: limits.connectMs,
    });
  } catch (error) {
    if (!(error instanceof ToolError || error instanceof SshFault)) throw error;
    throw new ToolError(
      `${error.message}${newKeyAdvice(error, node)}.\nThe host of ${node} was not cleaned. Cure that and run the same command again; to give the host up: ${ABANDON}=${node}`,
    );
  }
  if (outcome !== "cleaned") warnOfCleaningLater(input, out, `${outcome.message}.\nThe removal of ${node} goes on without its host.`);
}

/** @type {(input: NodeHost, out: ToolOutput, reason: string) => void} */
function warnOfCleaningLater(input, out, reason) {
  out.say(
    `warning: ${reason}\n` +
      "When the host is back, and before it joins again, clean it with this command in the checkout's top folder " +
      "(the key from the SSH agent or HYBRID_K3S_SSH_PRIVATE_KEY_FILE; a bastion's own from HYBRID_K3S_BASTION_PRIVATE_KEY_FILE):\n" +
      `  ${cleanLaterCommand(input)}`,
  );
}

/** @type {(input: DeviceInput, context: LeaveContext) => Promise<void>} */
async function devicePart({ node, tailnet }, { env, out, limits = {} }) {
  const control = openControl(tailnet, { env, out, limits: limits.api });
  try {
    const count = await removeDevices(control, { node, tag: tailnet.tag }, { pollMs: limits.pollMs });
    out.say(
      `${node}: ${count === 0 ? "no device of it is in the tailnet" : `${count} device${count > 1 ? "s" : ""} removed from the tailnet`}`,
    );
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(`The tailnet device of ${node} could not be removed: ${error.message}`);
  }
}

/**
 * Cleans a host that could not be reached when its node was removed; `word` is from cleanLaterCommand.
 * @type {(words: readonly string[], context: LeaveContext) => Promise<void>}
 */
export async function cleanLater([word], { env, out, limits = {}, scripts }) {
  if (!word) throw new ToolError("usage: node src/operator-tools/cleanup.mjs clean TARGET, as the removal printed it");
  const document = Buffer.from(word, "base64url").toString("utf8");
  if (!document.startsWith("{")) throw new ToolError("The word behind `clean` is not the one that the removal printed: copy it whole.");
  const target = readFields(parseInput(document, out), hostInput);
  const outcome = await cleanHost(target, sshCredentials(undefined, env, out), {
    out,
    scripts,
    limitMs: limits.scriptMs,
    connectMs: limits.connectMs,
  }).catch((/** @type {unknown} */ error) => {
    throw error instanceof SshFault ? new ToolError(`${error.message}.`) : error;
  });
  if (outcome !== "cleaned") throw new ToolError(`${outcome.message}.\nNothing was cleaned on ${target.node}.`);
  out.say(`${target.node}: clean`);
}
