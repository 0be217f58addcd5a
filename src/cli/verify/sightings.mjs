import { ToolError } from "../../operator-tools/run/tool-error.mjs";
import { textOf } from "../host-work.mjs";

/** @import { ScriptResult } from "../host-work.mjs" */

/**
 * What one host said of one thing.
 * @typedef {{ readonly check: string; readonly peer: string; readonly text: string }} Sighting
 */
/**
 * A Node as the API has it.
 * @typedef {object} SeenNode
 * @property {string} name
 * @property {"server" | "agent"} role
 * @property {boolean} isReady
 * @property {string} k3s The version that its kubelet tells.
 * @property {string} cidr Empty without one.
 * @property {string} address Of the tailnet; empty without one.
 * @property {readonly string[]} troubles Conditions that are as they should not be: DiskPressure, NoVoter, ...
 */
/** @typedef {{ readonly node: string; readonly name: string; readonly address: string; readonly isReady: boolean; readonly why: string }} SeenPod */
/** @typedef {{ readonly nodes: readonly SeenNode[]; readonly pods: readonly SeenPod[]; readonly warning: string; readonly service: string; readonly dns: string }} Opened warning: the cluster's last word of the pods that are not there */

const absent = (/** @type {string | undefined} */ word) => (word === undefined || word === "-" ? "" : word);

/**
 * Lines that a script gave in base64, whole or none.
 * @type {(result: ScriptResult, key: string) => string[]}
 */
function linesOf(result, key) {
  return Buffer.from(textOf(result, key), "base64")
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/**
 * Of verify-node and verify-api.
 * @type {(result: ScriptResult) => Sighting[]}
 */
export function readSightings(result) {
  return linesOf(result, "lines").map((line) => {
    const [, check, peer, text] = /^(\S+) (\S+) ?(.*)$/s.exec(line) ?? [];
    if (check === undefined || peer === undefined)
      throw new ToolError(`a host said what this release does not read: ${line.slice(0, 200)}`);
    return { check, peer, text: (text ?? "").trim() };
  });
}

/**
 * Of verify-open.
 * @type {(result: ScriptResult) => Opened}
 */
export function readOpened(result) {
  const nodes = linesOf(result, "nodes").map((line) => {
    const [name = "", role, ready, k3s = "", cidr, address, troubles = "-"] = line.split(" ");
    return {
      name,
      role: role === "server" ? /** @type {const} */ ("server") : /** @type {const} */ ("agent"),
      isReady: ready === "True",
      k3s,
      cidr: absent(cidr),
      address: absent(address),
      troubles: troubles.split(",").filter((word) => word !== "-" && word !== ""),
    };
  });
  const warnings = linesOf(result, "warnings").map(
    (line) => /** @type {const} */ ([line.split(" ", 1)[0] ?? "", line.replace(/^\S+ /, "")]),
  );
  const warned = new Map(warnings);
  const pods = linesOf(result, "pods").map((line) => {
    const [node = "", name = "", address, ready, ...words] = line.split(" ");
    const why = [[...new Set(words)].join(" "), warned.get(name) ?? ""].filter((word) => word !== "").join(": ");
    return { node, name, address: absent(address), isReady: ready === "True", why };
  });
  return { nodes, pods, warning: warnings.at(-1)?.[1] ?? "", service: textOf(result, "service"), dns: textOf(result, "dns") };
}
