import { randomBytes } from "node:crypto";
import { ToolError } from "../../operator-tools/run/tool-error.mjs";
import { onFirst } from "../host-work.mjs";
import { probeManifest } from "./manifest.mjs";
import { readOpened } from "./sightings.mjs";

/** @import { ToolOutput } from "../../operator-tools/run/output.mjs" */
/** @import { RunScript } from "../host-work.mjs" */
/** @import { StackAccess, StackNode } from "../read-stack.mjs" */
/** @import { Opened, SeenPod } from "./sightings.mjs" */

/**
 * One run of verify.
 * @typedef {object} Look
 * @property {StackAccess} access
 * @property {NonNullable<StackAccess["wanted"]>} wanted
 * @property {RunScript} run
 * @property {ToolOutput} out
 * @property {boolean} isQuick Without pods of its own.
 * @property {string} namespace Of those pods.
 * @property {(address: string, port: number) => Promise<boolean>} isClosed Whether nobody answers there from this machine.
 */

// An image that is fetched for the first time takes its time; pods that cannot come are told of long before.
const OPEN_SECONDS = 120;
const CLOSE_SECONDS = 60;
/** Beside its waits. */
const SCRIPT_SECONDS = 120;
/** How long a server's API may be silent before the next server is asked. */
export const PASS_ON_SECONDS = 10;

/** Of this run alone, so that two may run at once. */
export const newNamespace = () => `hybrid-k3s-verify-${randomBytes(3).toString("hex")}`;

/**
 * Puts the probe on the nodes and tells what nodes and pods there are.
 * @type {(look: Look, isWanted: () => boolean) => Promise<Opened>}
 */
async function open({ access, wanted, run, isQuick, namespace, out }, isWanted) {
  const { probeImage } = wanted;
  out.say(isQuick ? "asking the cluster for its nodes" : `putting a probe on every node (namespace ${namespace}, image ${probeImage})`);
  const manifest = isQuick ? {} : { MANIFEST: probeManifest(namespace, probeImage) };
  const environment = { NAMESPACE: namespace, WAIT_SECONDS: OPEN_SECONDS, PASS_ON_SECONDS, ...manifest };
  const work = { script: "verify-open", environment, limitSeconds: OPEN_SECONDS + SCRIPT_SECONDS };
  const ask = async (/** @type {StackNode} */ node) => {
    if (!isWanted()) throw new ToolError(`${node.name}: not asked any more`);
    return run(node, work);
  };
  return readOpened(await onFirst(access.servers, ask));
}

/**
 * Takes the probe away, also where it was not made; done when it is gone.
 * @type {(look: Pick<Look, "access" | "run" | "namespace">) => Promise<void>}
 */
async function close({ access, run, namespace }) {
  const environment = { NAMESPACE: namespace, WAIT_SECONDS: CLOSE_SECONDS, PASS_ON_SECONDS };
  const work = { script: "verify-close", environment, limitSeconds: CLOSE_SECONDS + SCRIPT_SECONDS };
  await onFirst(access.servers, (node) => run(node, work));
}

/**
 * The probe of one run, which may be taken away while it is still being made: what is made behind that goes too.
 * @type {(look: Look) => { readonly open: () => Promise<Opened>; readonly close: () => Promise<void> }}
 */
export function holdProbe(look) {
  /** @type {Promise<unknown> | undefined} */
  let opening;
  let isWanted = true;
  return {
    open: async () => {
      const opened = open(look, () => isWanted);
      opening = opened.catch(() => undefined).finally(() => (opening = undefined));
      return opened;
    },
    close: async () => {
      isWanted = false;
      if (opening === undefined) return close(look);
      // At once, since whoever waits for pods of a namespace that is gone ends then; and again, where it was not there yet.
      await close(look).catch(() => undefined);
      await opening;
      return close(look);
    },
  };
}

/** @type {(opened: Opened, node: string) => SeenPod | undefined} */
export const podOn = ({ pods }, node) => pods.find((pod) => pod.node === node && pod.isReady);
