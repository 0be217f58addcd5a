import { sshCredentials } from "./credentials.mjs";
import { Deadline, pause } from "./deadline.mjs";
import { requireFields } from "./input.mjs";
import { SshFault } from "./ssh-fault.mjs";
import { openSession } from "./ssh.mjs";
import { ToolError } from "./tool-error.mjs";

const POLL_MS = 500;
const TELL_MS = 15_000;
// A machine whose network is not up yet answers nothing: a long wait for one packet would cost more than asking again.
const CONNECT_MS = 5000;
/** Faults of a machine that is still booting. Its user comes with its keys, so a refused login may pass too. */
const PASSING = new Set(["refused", "route", "timeout", "dropped", "protocol", "lost", "auth"]);

/**
 * Waits until a new machine lets the operator in under its pinned host key, and prints one line of JSON with the host keys that
 * the commands after it will meet (see host-keys.mjs).
 */
export async function reachHost(input, { env, out, limits = {} }) {
  requireFields(input, ["node", "host.address", "host.user", "host.hostKey", "waitSeconds"]);
  const { node, host, bastion, waitSeconds } = input;
  const credentials = sshCredentials(input.credentials, env, out);
  const deadline = new Deadline(limits.waitMs ?? waitSeconds * 1000);
  let told = deadline.left;
  for (;;) {
    const session = await open({ name: node, host, bastion }, credentials, limits).catch((fault) => {
      if (!(fault instanceof SshFault)) throw fault;
      if (!PASSING.has(fault.kind) || fault.at.isBastion || deadline.over) throw refusal(input, fault);
      return fault;
    });
    if (!(session instanceof SshFault)) return tell(session, input, { out, limits });
    if (told - deadline.left >= (limits.tellMs ?? TELL_MS)) {
      told = deadline.left;
      out.say(`${node}: waiting for its machine: ${Math.ceil(deadline.left / 1000)} s left (${session.message.split(";")[0]})`);
    }
    await pause(limits.pollMs ?? POLL_MS, deadline);
  }
}

function open(target, credentials, { connectMs = CONNECT_MS }) {
  return openSession(target, credentials, { connectMs });
}

async function tell(session, { node, host, bastion }, { out, limits }) {
  try {
    const [hostKey, bastionHostKey] = await session.hostKeys([host.hostKey, bastion?.hostKey], limits.announceMs);
    out.result(JSON.stringify({ host: "ok", node, hostKey, ...(bastion && { bastionHostKey }) }));
  } finally {
    session.close();
  }
}

function refusal({ node, machine, waitSeconds, replaceCommand }, fault) {
  const what = machine ? `its machine ${machine}` : "its machine";
  if (fault.at.isBastion) return new ToolError(`${node}: ${what} could not be tried: ${fault.message}; then run pulumi up again`);
  return new ToolError(
    `${node}: ${what} cannot be used after up to ${waitSeconds} s: ${fault.message}. ` +
      "Look at its console in the cloud (did it boot, did cloud-init run?), at access.allowedCidrs and at the way there; then run pulumi up again" +
      `${replaceCommand ? `, or make the machine anew: ${replaceCommand}` : ""}`,
  );
}
