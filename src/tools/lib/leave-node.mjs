import { ABANDON, isAbandoned } from "./abandoned.mjs";
import { cleanHost, cleanLaterCommand } from "./clean-host.mjs";
import { sshCredentials } from "./credentials.mjs";
import { removeDevices } from "./devices.mjs";
import { parseInput, requireFields } from "./input.mjs";
import { openControl } from "./open-control.mjs";
import { SshFault, newKeyAdvice } from "./ssh-fault.mjs";
import { ToolError } from "./tool-error.mjs";

const HOST_FIELDS = ["node", "cluster", "owner", "host.address", "host.user", "host.hostKey"];

/**
 * Undoes a node's joining: its host as far as it answers, then its tailnet device, whatever became of the host. Each
 * part has its own time limit and both faults are told. A node without `host` (a cloud's) has only the device.
 */
export async function leaveNode(input, { env, out, limits = {}, scripts }) {
  requireFields(input, ["node", "tailnet.tag", ...(input.host ? HOST_FIELDS : [])]);
  const faults = [];
  await hostPart(input, { env, out, limits, scripts }).catch((error) => faults.push(error));
  await devicePart(input, { env, out, limits }).catch((error) => faults.push(error));
  if (faults.length === 0) return;
  const unexpected = faults.find((fault) => !(fault instanceof ToolError || fault instanceof SshFault));
  if (unexpected) throw unexpected;
  throw new ToolError(faults.map((fault) => fault.message).join("\n"));
}

async function hostPart(input, { env, out, limits, scripts }) {
  const { node } = input;
  if (!input.host) return;
  if (isAbandoned(node, env)) return tellLater(input, out, `${node}: its host is left as it is, because ${ABANDON} names it.`);
  let outcome;
  try {
    const credentials = sshCredentials(input.credentials, env, out);
    outcome = await cleanHost(input, credentials, { out, scripts, limitMs: limits.scriptMs, connectMs: limits.connectMs });
  } catch (error) {
    if (!(error instanceof ToolError || error instanceof SshFault)) throw error;
    throw new ToolError(
      `${error.message}${newKeyAdvice(error, node)}.\nThe host of ${node} was not cleaned. Cure that and run the same command again; to give the host up: ${ABANDON}=${node}`,
    );
  }
  if (outcome !== "cleaned") tellLater(input, out, `${outcome.message}.\nThe removal of ${node} goes on without its host.`);
}

function tellLater(input, out, reason) {
  out.say(
    `warning: ${reason}\n` +
      "When the host is back, and before it joins again, clean it with this command in the checkout's top folder " +
      "(the key from the SSH agent or HYBRID_K3S_SSH_PRIVATE_KEY_FILE; a bastion's own from HYBRID_K3S_BASTION_PRIVATE_KEY_FILE):\n" +
      `  ${cleanLaterCommand(input)}`,
  );
}

async function devicePart(input, { env, out, limits }) {
  const { node, tailnet } = input;
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

/** Cleans a host that could not be reached when its node was removed; `word` is from cleanLaterCommand. */
export async function cleanLater([word], { env, out, limits = {}, scripts }) {
  if (!word) throw new ToolError("usage: node src/tools/leave.mjs clean TARGET, as the removal printed it");
  const text = Buffer.from(word, "base64url").toString("utf8");
  if (!text.startsWith("{")) throw new ToolError("The word behind `clean` is not the one that the removal printed: copy it whole.");
  const target = parseInput(text, out);
  requireFields(target, HOST_FIELDS);
  const credentials = sshCredentials({}, env, out);
  const outcome = await cleanHost(target, credentials, { out, scripts, limitMs: limits.scriptMs, connectMs: limits.connectMs }).catch(
    (error) => {
      throw error instanceof SshFault ? new ToolError(`${error.message}.`) : error;
    },
  );
  if (outcome !== "cleaned") throw new ToolError(`${outcome.message}.\nNothing was cleaned on ${target.node}.`);
  out.say(`${target.node}: clean`);
}
