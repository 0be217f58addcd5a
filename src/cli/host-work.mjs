import { renderScript, secretFileLine } from "../operator-tools/host/render-script.mjs";
import { sshCredentials } from "../operator-tools/run/credentials.mjs";
import { isObject, parseJson } from "../operator-tools/run/json.mjs";
import { ToolError } from "../operator-tools/run/tool-error.mjs";
import { progressOf, runOnHost } from "../operator-tools/ssh/run-on-host.mjs";
import { ELSEWHERE } from "../operator-tools/ssh/run-on-server.mjs";
import { SshFault } from "../operator-tools/ssh/ssh-fault.mjs";
import { lastLine } from "../operator-tools/ssh/ssh-session.mjs";

/** @import { ToolContext } from "../operator-tools/run/output.mjs" */
/** @import { Environment, SecretFile } from "../operator-tools/host/render-script.mjs" */
/** @import { StackAccess, StackNode } from "./read-stack.mjs" */

/**
 * @typedef {object} HostScript
 * @property {string} script
 * @property {Environment} [environment] NODE_NAME is there already.
 * @property {readonly SecretFile[]} [secrets] Placed before it starts, in files that root alone reads.
 * @property {number} limitSeconds
 * @property {boolean} [isQuiet] Its progress is not shown.
 */
/** @typedef {Record<string, unknown>} ScriptResult What it prints last: JSON by contract */
/** @typedef {(node: StackNode, work: HostScript) => Promise<ScriptResult>} RunScript Throws a ToolError that names the node */
/** @typedef {(access: StackAccess, context: ToolContext) => RunScript} HostWork */

/** Of a script that was begun, and nobody knows how it ended, or whether it has. */
export class UnknownEnd extends ToolError {}

/**
 * Scripts of src/host-scripts on the stack's hosts, with the stack's own login or the environment's.
 * @type {HostWork}
 */
export function openHosts(access, { env, out }) {
  const login = sshCredentials(access.credentials, env, out);
  return async ({ name, host, bastion }, { script, environment = {}, secrets = [], limitSeconds, isQuiet = false }) => {
    for (const { secret } of secrets) out.keepSecret(secret);
    const words = secrets.map(secretFileLine).join("") + renderScript(script, { NODE_NAME: name, ...environment });
    const run = { script, text: words, limitMs: limitSeconds * 1000, onLine: isQuiet ? undefined : progressOf(name, out) };
    const { code, signal, stdout, stderr } = await runOnHost({ name, host, bastion }, login, run).catch((/** @type {unknown} */ fault) => {
      if (!(fault instanceof SshFault)) throw fault;
      throw new (fault.mayGoOn ? UnknownEnd : ToolError)(`${name}: ${fault.message}`);
    });
    if (code === ELSEWHERE)
      throw new ToolError(`${name}: the API server there does not answer; see on it: systemctl status k3s; journalctl -u k3s (${script})`);
    if (code !== 0) {
      const last = lastLine(stderr);
      const how = signal ? `was ended by signal ${signal}` : `failed with exit code ${code}`;
      throw new ToolError(`${last.startsWith(`${name}:`) ? last : `${name}: ${last || "no word of why"}`} (${script} ${how})`);
    }
    const result = parseJson(lastLine(stdout));
    if (!isObject(result))
      throw new ToolError(`${name}: ${script} printed something else than its result: a profile or a shell of this host writes to stdout`);
    return result;
  };
}

/**
 * A text of a result; empty where it is none.
 * @type {(result: ScriptResult, key: string) => string}
 */
export function textOf(result, key) {
  const value = result[key];
  return typeof value === "string" ? value : "";
}

/**
 * The outcome of the first of these nodes that can do it; throws all their faults where none can.
 * @template T
 * @param {readonly StackNode[]} nodes
 * @param {(node: StackNode) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function onFirst(nodes, work) {
  /** @type {string[]} */
  const faults = [];
  for (const node of nodes) {
    try {
      return await work(node);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      faults.push(error.message);
    }
  }
  throw new ToolError(faults.map((fault) => `- ${fault}`).join("\n"));
}

/** Sessions at a time; each host has one of its own. */
const MOST_AT_ONCE = 8;

/**
 * On all of these nodes, some at a time: what each gave, or the fault that it ended with.
 * @template T
 * @param {readonly StackNode[]} nodes
 * @param {(node: StackNode) => Promise<T>} work
 * @returns {Promise<{ readonly node: StackNode; readonly result?: T; readonly fault?: ToolError }[]>}
 */
export async function onAll(nodes, work) {
  const left = nodes.map((node, index) => ({ node, index }));
  /** @type {{ node: StackNode; result?: T; fault?: ToolError }[]} */
  const ends = [];
  const takeNext = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { node, index } = next;
      ends[index] = await work(node).then(
        (result) => ({ node, result }),
        (/** @type {unknown} */ fault) => {
          if (!(fault instanceof ToolError)) throw fault;
          return { node, fault };
        },
      );
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, takeNext));
  return ends;
}
