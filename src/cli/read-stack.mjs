import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isObject, parseJson } from "../operator-tools/run/json.mjs";
import { parseInput } from "../operator-tools/run/input.mjs";
import { fields, flag, listOf, optional, readFields, text } from "../operator-tools/run/read-fields.mjs";
import { codeOf, ToolError } from "../operator-tools/run/tool-error.mjs";
import { credentials, machine, taggedTailnet } from "../operator-tools/run/tool-input.mjs";

/** @import { ToolOutput } from "../operator-tools/run/output.mjs" */

/** site: where it stands, by the name of its pool or of its cloud's region; isCloud: the stack made it; isPublic: the internet reaches its address. */
const node = fields({
  name: text,
  host: machine,
  bastion: optional(machine),
  site: optional(text),
  isCloud: optional(flag),
  isPublic: optional(flag),
});
/** What the stack wants of its nodes; absent in the state of a release without verify. */
const wanted = fields({
  k3sVersion: text,
  tailscaleVersion: text,
  podCidr: text,
  integration: text,
  probeImage: text,
  outsideName: optional(text),
  opensKubelets: optional(flag),
});
/** The stack's output `operatorAccess`. */
const accessInput = fields({
  cluster: text,
  datastore: text,
  servers: listOf(node),
  agents: listOf(node),
  tailnet: taggedTailnet,
  credentials,
  serverTokens: optional(listOf(text)),
  s3: optional(
    fields({
      endpoint: text,
      bucket: text,
      region: text,
      folder: optional(text),
      bucketLookup: text,
      caPem: optional(text),
      accessKey: text,
      secretKey: text,
    }),
  ),
  accessReplaceCommand: text,
  wanted: optional(wanted),
});

/** @typedef {ReturnType<typeof accessInput>} StackAccess */
/** @typedef {StackAccess["servers"][number]} StackNode */
/** @typedef {(stack: string | undefined, out: ToolOutput) => Promise<Record<string, unknown>>} ReadStack */

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const READ_MS = 60_000;

/**
 * How to reach the stack's hosts, as its last run left it. Throws where there is no such run.
 * @type {(stack: string | undefined, out: ToolOutput, read?: ReadStack) => Promise<StackAccess>}
 */
export async function readAccess(stack, out, read = readOutputs) {
  const { operatorAccess } = await read(stack, out);
  if (!isObject(operatorAccess))
    throw new ToolError(
      "The stack has no output operatorAccess: run pulumi up once with this release, to its end, then this command again.",
    );
  const access = readFields(parseInput(JSON.stringify(operatorAccess), out), accessInput);
  for (const secret of [...(access.serverTokens ?? []), access.s3?.accessKey, access.s3?.secretKey]) out.keepSecret(secret);
  return access;
}

/** @type {ReadStack} */
async function readOutputs(stack) {
  const argv = ["stack", "output", "--json", "--show-secrets", "--non-interactive", ...(stack === undefined ? [] : ["--stack", stack])];
  const { code, stdout, stderr } = await runPulumi(argv);
  const outputs = code === 0 ? parseJson(stdout) : undefined;
  if (isObject(outputs)) return outputs;
  throw new ToolError(
    `pulumi ${argv.join(" ")} did not tell the stack's outputs (exit code ${code}): ${stderr.trim() || "no word of why"}\n` +
      "Name the stack with --stack, and give pulumi its passphrase and login as for pulumi up.",
  );
}

/** @type {(argv: readonly string[]) => Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>} */
function runPulumi(argv) {
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", [...argv], { cwd: PROJECT, stdio: ["ignore", "pipe", "pipe"], timeout: READ_MS });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (piece) => (output.stdout += piece));
    child.stderr.setEncoding("utf8").on("data", (piece) => (output.stderr += piece));
    child.once("error", (error) =>
      reject(new ToolError(`pulumi cannot be run (${codeOf(error)}); install it, or put it on PATH, and run this command again.`)),
    );
    child.once("close", (code) => resolve({ code, ...output }));
  });
}
