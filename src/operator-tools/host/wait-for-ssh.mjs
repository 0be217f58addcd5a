import { sshCredentials } from "../run/credentials.mjs";
import { Deadline, pause } from "../run/deadline.mjs";
import { isObject } from "../run/json.mjs";
import { fields, number, optional, readFields, text } from "../run/read-fields.mjs";
import { SshFault } from "../ssh/ssh-fault.mjs";
import { openSession } from "../ssh/open-session.mjs";
import { ToolError } from "../run/tool-error.mjs";
import { credentials, machine } from "../run/tool-input.mjs";

/** @import { SshCredentials } from "../run/credentials.mjs" */
/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { FaultKind } from "../ssh/ssh-fault.mjs" */
/** @import { SshSession } from "../ssh/ssh-session.mjs" */

/** @typedef {ToolLimits & { readonly waitMs?: number; readonly progressMs?: number; readonly pollMs?: number }} ReachLimits */
/** @typedef {{ readonly credentials: SshCredentials; readonly deadline: Deadline; readonly limits: ReachLimits; readonly onLogin: () => void }} Try */
/** @typedef {ReturnType<typeof waitForSshInput>} WaitForSshInput */

/** `machine`: the cloud's id of it. `replaceCommand`: the line that makes it again. */
const about = { node: text, machine: optional(text), replaceCommand: optional(text) };
const stoppedInput = fields(about);
const waitForSshInput = fields({ ...about, host: machine, bastion: optional(machine), waitSeconds: number, credentials });

const POLL_MS = 500;
const PROGRESS_MS = 15_000;
// A machine whose network is not up yet answers nothing: a long wait for one packet would cost more than asking again.
const CONNECT_MS = 5000;
/**
 * Passing the login is not enough: cloud-init turns password logins off and restarts sshd for it after sshd has come up
 * (cc_set_passwords, ssh_pwauth, in its config stage), which cuts off whoever logs in at that moment. The last stage may go on: join waits for it.
 */
const SSHD_SETTLED = [
  "command -v cloud-init >/dev/null || exit 0",
  "config_stage() { systemctl is-active cloud-config.service 2>/dev/null; }",
  "until [ -e /run/cloud-init/disabled ] || case $(config_stage) in active | failed) true ;; *) false ;; esac; do sleep 0.1; done",
].join("; ");
/**
 * Faults of a machine that is still booting. Its user comes with its keys, so a refused login may pass too.
 * @type {ReadonlySet<FaultKind>}
 */
const PASSING = new Set(["refused", "route", "timeout", "dropped", "protocol", "lost", "closed", "auth"]);

/**
 * Waits until a new machine lets the operator in under its pinned host key and its first boot has done with sshd.
 * @type {(given: Readonly<Record<string, unknown>>, context: ToolContext & { readonly limits?: ReachLimits }) => Promise<void>}
 */
export async function waitForSsh(given, { env, out, limits = {} }) {
  if (isObject(given.host) && given.host.address === "") throw withoutAddress(readFields(given, stoppedInput));
  const input = readFields(given, waitForSshInput);
  const { node, waitSeconds } = input;
  const deadline = new Deadline(limits.waitMs ?? waitSeconds * 1000);
  let seen = "";
  /** @type {(what: string) => void} */
  const sees = (what) => {
    seen = what;
    out.waitingFor = `its machine (${what})`;
  };
  sees("not tried yet");
  const report = () => out.say(`${node}: waiting for its machine: ${Math.ceil(deadline.left / 1000)} s left (${seen})`);
  const progress = setInterval(report, limits.progressMs ?? PROGRESS_MS);
  try {
    for (;;) {
      const fault = await tryOnce(input, {
        credentials: sshCredentials(input.credentials, env, out),
        deadline,
        limits,
        onLogin: () => sees("its first boot is not done with sshd"),
      });
      if (fault === undefined) return;
      sees(fault.message.split(";")[0] ?? "");
      await pause(limits.pollMs ?? POLL_MS, deadline);
    }
  } finally {
    clearInterval(progress);
  }
}

/**
 * Resolves with the fault that may pass, or with nothing when the machine is there.
 * @type {(input: WaitForSshInput, attempt: Try) => Promise<SshFault | undefined>}
 */
async function tryOnce(input, { credentials: login, deadline, limits, onLogin }) {
  const { node, host, bastion } = input;
  try {
    const session = await openSession({ name: node, host, bastion }, login, { connectMs: limits.connectMs ?? CONNECT_MS });
    onLogin();
    await sshdSettled(session, deadline).finally(() => session.close());
  } catch (fault) {
    if (!(fault instanceof SshFault)) throw fault;
    if (!PASSING.has(fault.kind) || fault.at.isBastion || deadline.over) throw refusal(input, fault);
    return fault;
  }
}

/**
 * However the first boot ends, join tells of it.
 * @type {(session: SshSession, deadline: Deadline) => Promise<void>}
 */
async function sshdSettled(session, deadline) {
  try {
    await session.run(SSHD_SETTLED, { limitMs: deadline.left, what: "cloud-init" });
  } catch (fault) {
    if (!(fault instanceof SshFault) || fault.kind !== "limit") throw fault;
  }
}

/**
 * As a cloud tells it of a machine that somebody stopped: a public address is lent while it runs.
 * @type {(input: ReturnType<typeof stoppedInput>) => ToolError}
 */
function withoutAddress({ node, machine: id, replaceCommand }) {
  return new ToolError(
    `${node}: its machine ${id} has no address that could be tried: it was stopped, or its address was taken away. ` +
      `Start it in the cloud and run pulumi up --refresh, or make it again: ${replaceCommand}`,
  );
}

/** @type {(input: WaitForSshInput, fault: SshFault) => ToolError} */
function refusal({ node, machine: id, waitSeconds, replaceCommand }, fault) {
  const what = id ? `its machine ${id}` : "its machine";
  if (fault.at.isBastion) return new ToolError(`${node}: ${what} could not be tried: ${fault.message}; then run pulumi up again`);
  return new ToolError(
    `${node}: ${what} cannot be used after up to ${waitSeconds} s: ${fault.message}. ` +
      "Look at its console in the cloud (did it boot, did cloud-init run?), at access.allowedCidrs and at the way there; then run pulumi up again" +
      `${replaceCommand ? `, or make the machine again: ${replaceCommand}` : ""}`,
  );
}
