import { ToolError } from "../operator-tools/run/tool-error.mjs";
import { askFor } from "./ask.mjs";
import { onAll, openHosts, textOf } from "./host-work.mjs";
import { readAccess } from "./read-stack.mjs";
import { leftOut, rejoinServers, whileStopped } from "./rejoin.mjs";
import { refuseWithoutEtcd } from "./snapshots.mjs";

/** @import { StackNode } from "./read-stack.mjs" */
/** @import { Command } from "./command.mjs" */

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
    refuseWithoutEtcd(access);
    const run = hostWork(access, context);
    const looks = await onAll(access.servers, (node) => run(node, { script: "look-at-server", limitSeconds: LOOK_SECONDS, isQuiet: true }));
    for (const { fault } of looks) if (fault) out.say(fault.message);
    const serving = looks.find(({ result }) => result?.["api"] === "answers");
    if (serving) throw new ToolError(`Nothing was changed: the API answers on ${serving.node.name}, so the cluster has its quorum.`);
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

    const work = { script: "reset-quorum", environment: { WAIT_SECONDS: START_SECONDS }, limitSeconds: RESET_SECONDS };
    const { done: reset, stopped, faults: left } = await whileStopped(others, { run, out }, () => run(survivor, work));
    out.say(`${survivor.name}: serves again; a copy of its data of before is in ${textOf(reset, "aside")}`);
    const failed = [...left, ...(await rejoinServers(stopped, { server: survivor, address: textOf(reset, "address"), run, out }))];
    const lost = access.servers.filter((node) => node !== survivor && !others.includes(node));
    out.result(
      [`Cluster ${access.cluster} has its quorum again.`, ...lost.map((node) => `${node.name} did not answer: ${leftOut(node)}.`)].join(
        "\n",
      ),
    );
    if (failed.length > 0) throw new ToolError(`Not all servers are back:\n${failed.map((fault) => `- ${fault}`).join("\n")}`);
  },
};

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
