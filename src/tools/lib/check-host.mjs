import { sshCredentials, tailnetAccess } from "./credentials.mjs";
import { listDevices } from "./devices.mjs";
import { requireFields } from "./input.mjs";
import { exportLines } from "./render-script.mjs";
import { runOnHost } from "./run-on-host.mjs";
import { SshFault } from "./ssh-fault.mjs";
import { lastLine } from "./ssh-session.mjs";
import { TailnetApi } from "./tailnet-api.mjs";
import { ToolError } from "./tool-error.mjs";

const CHECK_MS = 120_000;

/**
 * Looks at a host and changes nothing. All its faults come in one message; without any, one line of JSON on stdout, with the
 * host keys that the commands after it will meet (see host-keys.mjs).
 */
export async function checkHost(input, { env, out, limits = {}, now = () => Math.floor(Date.now() / 1000) }) {
  requireFields(input, ["node", "script", "host.address", "host.user", "host.hostKey"]);
  const { node, host, bastion } = input;
  // Facts of the moment of looking: in the input they would make every `up`, or every new host, a change.
  const text = exportLines({ NOW_EPOCH: now(), ...(await namesInTailnet(input, { env, out, limits })) }) + input.script;
  const afterwards = async (session, { code }) => {
    if (code !== 0) return {};
    const [hostKey, bastionHostKey] = await session.hostKeys([host.hostKey, bastion?.hostKey], limits.announceMs);
    return { keys: { hostKey, ...(bastion && { bastionHostKey }) } };
  };
  const run = { script: "preflight-host", text, limitMs: limits.scriptMs ?? CHECK_MS, connectMs: limits.connectMs, afterwards };
  const reply = await runOnHost({ name: node, host, bastion }, sshCredentials(input.credentials, env, out), run).catch((error) => {
    throw error instanceof SshFault ? refusal(node, host, [`- ${error.message}`]) : error;
  });
  if (reply.code !== 0) throw refusal(node, host, faultLines(reply));
  out.result(JSON.stringify({ host: "ok", node, ...reply.keys }));
}

/** What the cluster's devices are called already; a device that answers under this node's name is another machine, unless the host is ours. */
async function namesInTailnet({ node, tailnet }, { env, out, limits }) {
  if (tailnet === undefined) return {};
  const devices = await listDevices(new TailnetApi(tailnetAccess(tailnet, env, out), out, limits.api));
  const ours = devices.filter(({ tags }) => Array.isArray(tags) && tags.includes(tailnet.tag));
  const taken = ours.find(({ hostname, connectedToControl }) => hostname === node && connectedToControl === true);
  const others = ours.map(({ hostname }) => hostname).filter((name) => name !== node);
  return { OTHER_NODE_NAMES: others.join("\n"), NAME_TAKEN_BY: taken?.addresses?.[0] ?? "" };
}

function refusal(node, host, lines) {
  return new ToolError(
    `${node} (${host.user}@${host.address}:${host.port ?? 22}) cannot become a node yet; nothing was changed on it:\n${lines.join("\n")}`,
  );
}

// The script writes each fault as `- seen; what to do`, indented lines belong to the fault above.
function faultLines({ code, signal, stderr }) {
  const lines = stderr.split("\n").filter((line) => /^(- |\s+\S)/.test(line));
  if (lines.some((line) => line.startsWith("- "))) return lines;
  const last = lastLine(stderr);
  return [
    `- the checks themselves broke off (${signal ? `signal ${signal}` : `exit code ${code}`}${last ? `, last: ${last}` : ""}); log in and look at its shell, disk and memory`,
  ];
}
