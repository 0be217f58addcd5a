import { readSnapshots } from "../operator-tools/host/find-last-backup.mjs";
import { ToolError } from "../operator-tools/run/tool-error.mjs";
import { onAll } from "./host-work.mjs";

/** @import { RunScript, ScriptResult } from "./host-work.mjs" */
/** @import { StackAccess, StackNode } from "./read-stack.mjs" */

/**
 * A snapshot and the places that have it.
 * @typedef {object} Snapshot
 * @property {string} name
 * @property {string} time As in 2026-11-29T12:10:50Z.
 * @property {number} bytes
 * @property {string} node The server that took it.
 * @property {readonly string[]} servers Names of the servers that have it on their disks.
 * @property {boolean} inS3
 */
/** @typedef {{ readonly snapshots: readonly Snapshot[]; readonly faults: readonly string[]; readonly answered: readonly StackNode[] }} Listing `faults`: places that could not be looked at */

const LIST_SECONDS = 150;

/** Where a server keeps copies of SQLite: lib-snapshots.sh has the same. */
export const COPIES = "/var/lib/rancher/k3s/sqlite-backups";

/** @type {(access: StackAccess) => void} */
export function refuseExternal({ datastore }) {
  if (datastore !== "external") return;
  throw new ToolError(
    "The cluster's data is in an external datastore, of which k3s takes no backup. Back it up and restore it by its own means, and keep the stack's output serverToken: docs/backup.md.",
  );
}

/**
 * All snapshots, the newest first: those on the disk of each server, and those in S3. Throws where no server answers.
 * @type {(access: StackAccess, run: RunScript) => Promise<Listing>}
 */
export async function listSnapshots({ servers }, run) {
  const looks = await onAll(servers, (node) => run(node, { script: "list-backups", limitSeconds: LIST_SECONDS, isQuiet: true }));
  const answered = looks.filter(({ result }) => result !== undefined);
  const faults = looks.flatMap(({ fault }) => (fault === undefined ? [] : [fault.message]));
  if (answered.length === 0) throw new ToolError(`No server tells of its backups:\n${faults.map((fault) => `- ${fault}`).join("\n")}`);
  const s3 = answered.map(({ result }) => String(result?.["s3"]));
  if (s3.every((state) => state !== "listed" && state !== "none")) faults.push(`S3 could not be looked at: ${s3[0]}`);
  const snapshots = mergeSnapshots(answered.flatMap(({ node, result }) => readItems(node.name, result ?? {})));
  return { snapshots, faults, answered: answered.map(({ node }) => node) };
}

/** @type {(items: readonly Snapshot[]) => readonly Snapshot[]} */
function mergeSnapshots(items) {
  /** @type {Map<string, Snapshot>} */
  const found = new Map();
  for (const item of items) {
    const known = found.get(item.name);
    const servers = [...new Set([...(known?.servers ?? []), ...item.servers])];
    found.set(item.name, { ...item, ...known, servers, inS3: item.inS3 || known?.inS3 === true });
  }
  return [...found.values()].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : a.name < b.name ? -1 : 1));
}

/** @type {(server: string, result: ScriptResult) => Snapshot[]} */
function readItems(server, result) {
  return readSnapshots(result).map(({ name, node, bytes, time, inS3 }) => ({
    name,
    time: new Date(time).toISOString().replace(/\.\d+Z$/, "Z"),
    bytes,
    node,
    servers: inS3 ? [] : [server],
    inS3,
  }));
}

/**
 * The snapshot of this very name, or the newest that was asked for by it: k3s adds node and time. Throws where there is none.
 * @type {(name: string, snapshots: readonly Snapshot[], servers?: readonly StackNode[]) => Snapshot}
 */
export function findSnapshot(name, snapshots, servers = []) {
  // Of one that was copied to a server k3s tells that server, whoever took it.
  const isTaken = (/** @type {Snapshot} */ one) =>
    [one.node, ...servers.map((server) => server.name)].some(
      (node) => one.name.startsWith(`${name}-${node}-`) && /^\d+$/.test(one.name.slice(`${name}-${node}-`.length)),
    );
  const found = snapshots.find((one) => one.name === name) ?? snapshots.find(isTaken);
  if (found !== undefined) return found;
  const known = snapshots.length === 0 ? "There is none at all." : `There are: ${snapshots.map((one) => one.name).join(", ")}.`;
  throw new ToolError(`There is no backup ${name} on the servers that answer, or in S3. ${known}`);
}

/**
 * For people: `3 h`, `2 d`.
 * @type {(time: string, now?: number) => string}
 */
export function ageOf(time, now = Date.now()) {
  const minutes = Math.max(0, Math.floor((now - Date.parse(time)) / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60 / 24)} d`;
}
