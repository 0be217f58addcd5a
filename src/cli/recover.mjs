import { randomUUID } from "node:crypto";
import { ToolError } from "../operator-tools/run/tool-error.mjs";
import { askFor } from "./ask.mjs";
import { onAll, openHosts, textOf } from "./host-work.mjs";
import { readAccess } from "./read-stack.mjs";
import { leftOut, rejoinServers, whileStopped } from "./rejoin.mjs";
import { refuseExternal } from "./snapshots.mjs";

/** @import { StackNode } from "./read-stack.mjs" */
/** @import { Command, CommandContext } from "./command.mjs" */
/** @import { RunScript, ScriptResult } from "./host-work.mjs" */

/** @typedef {{ readonly node: StackNode; readonly result?: ScriptResult }} Look What look-at-server told; nothing where it did not answer */

const LOOK_SECONDS = 60;
const RESET_SECONDS = 1500;
const START_SECONDS = 300;

/** @type {Command} */
export const recover = {
  words: "",
  about: "has one server go on alone where etcd has lost its quorum for good; the others join it again",
  least: 0,
  most: 0,
  options: ["on", "yes", "stack"],
  async run(_words, { on, yes = false, stack }, context) {
    const { out, readStack, hostWork = openHosts } = context;
    const access = await readAccess(stack, out, readStack);
    refuseExternal(access);
    if (access.datastore === "sqlite")
      throw new ToolError(
        "The cluster's data is in SQLite on its one server, which has no quorum to lose. From a backup: hybrid-k3s restore NAME.",
      );
    const run = hostWork(access, context);
    const looks = await onAll(access.servers, (node) => run(node, { script: "look-at-server", limitSeconds: LOOK_SECONDS, isQuiet: true }));
    for (const { fault } of looks) if (fault) out.say(fault.message);
    const serving = looks.find(({ result }) => result?.["api"] === "answers");
    if (serving) return seeThrough({ cluster: access.cluster, looks, serving, yes }, run, context);
    const survivor = chooseSurvivor(
      looks.flatMap(({ node, result }) => (result?.["hasData"] === true ? [node] : [])),
      on,
    );
    const others = looks.filter(({ node, result }) => node !== survivor && result !== undefined).map(({ node }) => node);
    out.say(
      `${survivor.name} goes on alone with its own data; what only the others had taken in is lost. ` +
        `${others.length > 0 ? `${others.map(({ name }) => name).join(", ")} lose their copies and join it again. ` : ""}` +
        "A server that does not answer now must not come back with its old data: its k3s is to be removed first.",
    );
    await askFor(access.cluster, { yes }, context);

    const operation = `recover-${randomUUID()}`;
    const work = {
      script: "reset-quorum",
      environment: { OPERATION: operation, WAIT_SECONDS: START_SECONDS },
      limitSeconds: RESET_SECONDS,
    };
    const { done: reset, stopped, faults: left } = await whileStopped(others, { run, out, operation }, () => run(survivor, work));
    out.say(`${survivor.name}: serves again; a copy of its data of before is in ${textOf(reset, "aside")}`);
    const found = { server: survivor, address: textOf(reset, "address"), operation };
    const failed = [...left, ...(await rejoinServers(stopped, { ...found, run, out }))];
    const lost = access.servers.filter((node) => node !== survivor && !others.includes(node));
    out.result(
      [`Cluster ${access.cluster} has its quorum again.`, ...lost.map((node) => `${node.name} did not answer: ${leftOut(node)}.`)].join(
        "\n",
      ),
    );
    refuseToEnd(failed);
  },
};

/** @type {(failed: readonly string[]) => void} */
function refuseToEnd(failed) {
  if (failed.length > 0) throw new ToolError(`Not all servers are back:\n${failed.map((fault) => `- ${fault}`).join("\n")}`);
}

/**
 * Where the cluster serves: the servers that an earlier run had stopped, and did not come to, join the one on which that run had etcd begin again.
 * Throws where there are none.
 * @type {(given: { readonly cluster: string; readonly looks: readonly Look[]; readonly serving: Look; readonly yes: boolean }, run: RunScript, context: CommandContext) => Promise<void>}
 */
async function seeThrough({ cluster, looks, serving, yes }, run, context) {
  const { out } = context;
  const stopped = looks.filter((look) => wordOf(look, "stoppedFor") !== "");
  const begun = looks.find((look) => wordOf(look, "api") === "answers" && stopped.some((other) => isPartOf(other, look)));
  const left = begun === undefined ? [] : stopped.filter((other) => other !== begun && isPartOf(other, begun)).map(({ node }) => node);
  if (begun === undefined || left.length === 0) {
    // Etcd may have begun again on a server that does not answer now: one that starts with old data could be a second cluster with others.
    const nowhere = looks.every((look) => look.result !== undefined && wordOf(look, "begunBy") === "");
    const remedy = (/** @type {StackNode} */ node) =>
      nowhere ? "start it: systemctl enable --now k3s" : `run this again when all servers answer; else ${leftOut(node)}`;
    const words = stopped.map(({ node }) => `\n${node.name}: its k3s was stopped by a run that did not come to its end; ${remedy(node)}`);
    throw new ToolError(`Nothing was changed: the API answers on ${serving.node.name}, so the cluster has its quorum.${words.join("")}`);
  }
  out.say(
    `An earlier run had etcd begin again on ${begun.node.name}, and did not come to its end. ${left.map(({ name }) => name).join(", ")} lose their copies and join it now.`,
  );
  await askFor(cluster, { yes }, context);
  const found = {
    server: begun.node,
    address: wordOf(begun, "address"),
    authority: wordOf(begun, "authority"),
    operation: wordOf(begun, "begunBy"),
  };
  const failed = await rejoinServers(left, { ...found, run, out });
  out.result(`The servers of cluster ${cluster} are members of etcd again: ${left.map(({ name }) => name).join(", ")}.`);
  refuseToEnd(failed);
}

/** @type {(look: Look, key: string) => string} */
const wordOf = ({ result }, key) => (result === undefined ? "" : textOf(result, key));

/** @type {(stopped: Look, begun: Look) => boolean} */
const isPartOf = (stopped, begun) => wordOf(stopped, "stoppedFor") === wordOf(begun, "begunBy");

/** @type {(candidates: readonly StackNode[], on: string | undefined) => StackNode} */
function chooseSurvivor(candidates, on) {
  const names = candidates.map(({ name }) => name).join(", ");
  if (on !== undefined) {
    const chosen = candidates.find(({ name }) => name === on);
    if (chosen === undefined)
      throw new ToolError(`Nothing was changed: ${on} is no server that answers and has data; there are: ${names || "none"}.`);
    return chosen;
  }
  const [only, ...more] = candidates;
  if (only === undefined)
    throw new ToolError("Nothing was changed: no server answers that has data of etcd. From a backup: hybrid-k3s restore NAME.");
  if (more.length > 0) throw new ToolError(`Nothing was changed: several servers have data (${names}). Say which one is kept: --on NAME`);
  return only;
}
