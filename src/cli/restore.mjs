import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { openControl } from "../operator-tools/control/open-control.mjs";
import { removeDevices } from "../operator-tools/control/devices.mjs";
import { codeOf, ToolError } from "../operator-tools/run/tool-error.mjs";
import { askFor } from "./ask.mjs";
import { openHosts, textOf } from "./host-work.mjs";
import { readAccess } from "./read-stack.mjs";
import { rejoinAgents, rejoinServers, whileStopped } from "./rejoin.mjs";
import { ageOf, findSnapshot, listSnapshots, refuseExternal } from "./snapshots.mjs";

/** @import { RunScript } from "./host-work.mjs" */
/** @import { StackAccess, StackNode } from "./read-stack.mjs" */
/** @import { Command, CommandContext } from "./command.mjs" */
/** @import { Snapshot } from "./snapshots.mjs" */

// Tokens that are tried, S3, and two starts of k3s.
const RESTORE_SECONDS = 2400;
const START_SECONDS = 300;
const FILES = "/run/hybrid-k3s/restore";

/** @type {Command} */
export const restore = {
  words: "NAME",
  about: "puts the cluster back to a snapshot, on the same servers or on new ones; what was written since is lost",
  least: 1,
  most: 1,
  options: ["from", "tokenFile", "yes", "stack"],
  async run([name = ""], { from, tokenFile, yes = false, stack }, context) {
    const { out, readStack, hostWork = openHosts } = context;
    const tokens = tokenFile === undefined ? [] : [readToken(tokenFile)];
    const access = await readAccess(stack, out, readStack);
    refuseExternal(access);
    const run = hostWork(access, context);
    const { snapshots, faults, answered } = await listSnapshots(access, run);
    for (const fault of faults) out.say(`not looked at: ${fault}`);
    const snapshot = findSnapshot(name, snapshots, access.servers);
    const { server, source } = chooseSource(snapshot, from, answered);

    const others = access.servers.filter((node) => node !== server);
    out.say(
      `${snapshot.name} (taken ${snapshot.time}, ${ageOf(snapshot.time)} ago) takes the place of all that cluster ${access.cluster} holds.\n` +
        `Lost is what was written to the cluster since then; volumes stay as they are on the nodes.\n` +
        `It is restored on ${server.name} from ${source === "s3" ? "S3" : "its disk"}${others.length > 0 ? `; ${others.map((node) => node.name).join(", ")} join it again` : ""}. ` +
        `The API is down meanwhile. The data of now is kept aside on ${server.name}.`,
    );
    await askFor(access.cluster, { yes }, context);

    const operation = `restore-${randomUUID()}`;
    const restoring = () => restoreOn(server, { snapshot, source, tokens, access, operation }, run);
    const { done: restored, stopped, faults: left } = await whileStopped(others, { run, out, operation }, restoring);
    out.say(`${server.name}: serves the restored cluster`);
    const found = { address: textOf(restored, "address"), authority: textOf(restored, "authority") };
    const rejoined = await Promise.all([
      rejoinServers(stopped, { server, ...found, operation, run, out }),
      rejoinAgents(access.agents, { restored, run, out }),
      removeStaleDevices(access, restored, context),
    ]);
    const failed = [...left, ...rejoined.flat()];
    tell({ access, snapshot, restored, server }, out);
    if (failed.length > 0)
      throw new ToolError(`The cluster is restored, but not all nodes are back:\n${failed.map((fault) => `- ${fault}`).join("\n")}`);
  },
};

/** @type {(file: string) => string} */
function readToken(file) {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new ToolError(`--token-file names ${file}, which cannot be read (${codeOf(error)}).`);
  }
}

/**
 * A server that has it on its disk, else any that answers takes it from S3.
 * @type {(snapshot: Snapshot, from: string | undefined, answered: readonly StackNode[]) => { readonly server: StackNode; readonly source: "local" | "s3" }}
 */
function chooseSource({ name, servers, inS3 }, from, answered) {
  const holder = answered.find((node) => servers.includes(node.name));
  const [any] = answered;
  if (from !== "s3" && holder !== undefined) return { server: holder, source: "local" };
  if (from !== "local" && inS3 && any !== undefined) return { server: any, source: "s3" };
  throw new ToolError(from === "s3" ? `${name} is not in S3.` : `No server that answers has ${name} on its disk.`);
}

/** @type {(server: StackNode, what: { readonly snapshot: Snapshot; readonly source: "local" | "s3"; readonly tokens: readonly string[]; readonly access: StackAccess; readonly operation: string }, run: RunScript) => Promise<Record<string, unknown>>} */
function restoreOn(server, { snapshot, source, tokens, access, operation }, run) {
  const tokensFile = { path: `${FILES}/tokens`, secret: [...tokens, ...(access.serverTokens ?? [])].map((token) => `${token}\n`).join("") };
  const s3File = { path: `${FILES}/s3`, secret: s3Lines(access.s3) };
  const known = [...access.servers, ...access.agents].map((node) => node.name).join("\n");
  return run(server, {
    script: access.datastore === "sqlite" ? "restore-copy" : "restore-backup",
    environment: {
      OPERATION: operation,
      SNAPSHOT: snapshot.name,
      ...(access.datastore !== "sqlite" && { SOURCE: source }),
      TOKENS_FILE: tokensFile.path,
      KNOWN_NODES: known,
      WAIT_SECONDS: START_SECONDS,
      ...(source === "s3" && { S3_FILE: s3File.path, S3_CA_PEM: access.s3?.caPem ?? "" }),
    },
    secrets: [tokensFile, ...(source === "s3" ? [s3File] : [])],
    limitSeconds: RESTORE_SECONDS,
  });
}

/**
 * As k3s's own settings: while it restores, the Secret that they stand in otherwise cannot be read.
 * @type {(s3: StackAccess["s3"]) => string}
 */
function s3Lines(s3) {
  if (s3 === undefined) return "";
  const settings = {
    "etcd-s3": true,
    "etcd-s3-endpoint": s3.endpoint,
    "etcd-s3-bucket": s3.bucket,
    "etcd-s3-region": s3.region,
    "etcd-s3-bucket-lookup-type": s3.bucketLookup,
    ...(s3.folder !== undefined && { "etcd-s3-folder": s3.folder }),
    "etcd-s3-access-key": s3.accessKey,
    "etcd-s3-secret-key": s3.secretKey,
  };
  // JSON is YAML.
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join("");
}

/**
 * Of Nodes that the snapshot had and the stack has not; gives the faults of those that stay.
 * @type {(access: StackAccess, restored: Record<string, unknown>, context: CommandContext) => Promise<string[]>}
 */
async function removeStaleDevices({ tailnet }, { removedNodes }, { env, out }) {
  const names = Array.isArray(removedNodes) ? removedNodes.map(String) : [];
  if (names.length === 0) return [];
  try {
    const control = openControl(tailnet, { env, out });
    for (const node of names) {
      const count = await removeDevices(control, { node, tag: tailnet.tag });
      if (count > 0) out.say(`${node}: its device is removed from the tailnet`);
    }
    return [];
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return [`devices of ${names.join(", ")} may still be in the tailnet; delete them by hand: ${error.message}`];
  }
}

/** @type {(what: { readonly access: StackAccess; readonly snapshot: Snapshot; readonly restored: Record<string, unknown>; readonly server: StackNode }, out: CommandContext["out"]) => void} */
function tell({ access, snapshot, restored, server }, out) {
  const removed = Array.isArray(restored["removedNodes"]) ? restored["removedNodes"].join(", ") : "";
  const lines = [
    `Cluster ${access.cluster} is what it was at ${snapshot.time}; what was written in the ${ageOf(snapshot.time)} since then is lost.`,
    `The data of before the restore is on ${server.name} in ${textOf(restored, "aside")}. Delete it there when you do not need it.`,
    ...(removed === "" ? [] : [`Nodes that the snapshot had and the stack has not were deleted: ${removed}.`]),
    ...(restored["isOther"] === true
      ? [
          `The stack knows the cluster that was there in between. Have it read the restored one's kubeconfig and tokens: ${access.accessReplaceCommand}`,
        ]
      : []),
  ];
  out.result(lines.join("\n"));
}
