import { type Finding, checkConnectivity } from "./checks/connectivity";
import { cloudInventory } from "./checks/cloud-inventory";
import { findLeftovers, snapshotBefore } from "./checks/nothing-left";
import { deployProbePods } from "./checks/probe-pods";
import { joinOperator } from "./console";
import { readFloors } from "./floors";
import { firstHosts } from "./hosts/topology";
import { endLabOnSignal, isInterrupted } from "./interrupt";
import type { Lab } from "./lab";
import { inState } from "./paths";
import { RequirementError } from "./requirements";
import { EngineLog, Failure } from "./screen/engine-log";
import { createScreen } from "./screen/screen";
import { type NodeRow, type PartTime, renderNodes, renderReach, renderTimes } from "./screen/tables";
import { type LabStack, createStack } from "./stack";
import { type BurstPool, addBurstPools, cloudPool, nodeNames } from "./stack-config";
import { startLab } from "./start-lab";

/** What the demo consists of, and what the bench calls the same work by hand. */
const parts = {
  lab: { title: "the lab: hosts, networks, control server, clouds" },
  stack: { title: "a stack and its operator" },
  before: { title: "look at every host" },
  up: { title: "pulumi up: three hosts on two sites", floor: "up" },
  reach: { title: "pods reach pods and nodes" },
  again: { title: "pulumi up again: nothing to do" },
  burst: { title: "burst: two nodes in AWS, one in Azure" },
  reachClouds: { title: "pods reach the clouds and back" },
  back: { title: "back to metal" },
  destroy: { title: "pulumi destroy", floor: "destroy" },
  leftovers: { title: "look for leftovers" },
  end: { title: "end the lab" },
} as const satisfies Record<string, { readonly title: string; readonly floor?: string }>;
type Part = keyof typeof parts;

const screen = createScreen(process.stdout, { parts: Object.values(parts).map(({ title }) => title) });
const times: (PartTime & { readonly part: Part })[] = [];

/** A part of the demo: shown with its elapsed time and kept for the table at the end. */
function run<T>(part: Part, work: (title: string) => Promise<T>): Promise<T> {
  const { title } = parts[part];
  const began = performance.now();
  return screen.part(title, () => work(title)).finally(() => times.push({ part, title, seconds: (performance.now() - began) / 1000 }));
}

async function demo(lab: Lab, log: EngineLog): Promise<void> {
  const hosts = firstHosts.filter((name) => name !== "bastion").map((name) => lab.host(name));
  const stack = await run("stack", async () => {
    await joinOperator(lab);
    const made = await createStack(lab);
    made.edit((settings) => {
      addBurstPools(lab, settings);
    });
    return made;
  });
  const before = await run("before", () => snapshotBefore(lab, hosts));

  await engine(log, "up", stack, (options) => stack.up([], options));
  await stack.saveKubeconfig();
  await showNodes(lab, stack);
  showReach(await run("reach", () => checkReach(lab)));
  screen.show([`    ${await run("again", (title) => expectNoChange(title, stack, log))}`]);

  setCounts(stack, { burst: 2, "burst-az": 1 });
  await engine(log, "burst", stack, (options) => stack.up(["--refresh"], options));
  await showNodes(lab, stack);
  showReach(await run("reachClouds", () => checkReach(lab)));
  // Those that leave have a line each too.
  const leaving = nodeNames(stack.settings());
  setCounts(stack, { burst: 0, "burst-az": 0 });
  await run("back", (title) => log.run(title, leaving, (options) => stack.up(["--refresh"], options)));
  await expectEmptyClouds(lab);

  await engine(log, "destroy", stack, (options) => stack.destroy([], options));
  const leftovers = await run("leftovers", () => findLeftovers(lab, before));
  if (leftovers.length > 0) throw new Failure(`left behind:\n${leftovers.join("\n")}`);
  screen.show(["    nothing is left on the hosts or in the tailnet"]);
}

const engine = (log: EngineLog, part: Part, stack: LabStack, start: Parameters<EngineLog["run"]>[2]): Promise<string> =>
  run(part, (title) => log.run(title, nodeNames(stack.settings()), start));

/** As `pulumi config set --path 'hybrid-k3s:pools.<pool>.count'` does. */
function setCounts(stack: LabStack, counts: Readonly<Record<BurstPool, number>>): void {
  stack.edit((settings) => {
    for (const [pool, count] of Object.entries(counts)) cloudPool(settings, pool).count = count;
  });
}

async function expectEmptyClouds(lab: Lab): Promise<void> {
  const left = await cloudInventory(lab);
  if (left.length > 0) throw new Failure(`left behind in the clouds:\n${left.join("\n")}`);
  screen.show(["    nothing is left in the clouds"]);
}

async function expectNoChange(title: string, stack: LabStack, log: EngineLog): Promise<string> {
  const output = await log.run(title, [], (options) => stack.up(["--expect-no-changes"], options));
  return /\d+ unchanged/.exec(output)?.[0] ?? "no count";
}

/** The stack's own table of nodes, each with what Kubernetes says of it. */
async function showNodes(lab: Lab, stack: LabStack): Promise<void> {
  const { code, stdout, stderr } = await lab.operator.kubectl(["get", "nodes", "-o", "json"]);
  if (code !== 0) throw new Failure(`kubectl over the tailnet ended with ${code}: ${stderr.trim()}`);
  interface Node {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }
  const { items } = JSON.parse(stdout) as { items: readonly Node[] };
  const ready = items.filter(({ status }) => status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"));
  const { nodes } = await stack.outputs();
  screen.show(["", ...renderNodes(nodes as readonly NodeRow[], new Set(ready.map(({ metadata }) => metadata.name))), ""]);
}

async function checkReach(lab: Lab): Promise<readonly Finding[]> {
  const kubectl = lab.operator.kubectl.bind(lab.operator);
  return checkConnectivity(kubectl, await deployProbePods(kubectl), "reach");
}

function showReach(findings: readonly Finding[]): void {
  screen.show(["", ...renderReach(findings), ""]);
  if (findings.some(({ fault }) => fault !== undefined)) throw new Failure("not every pod reaches every other pod and node: see ✗ above");
}

function showTimes(lab: Lab): void {
  const floors = lab.control && readFloors(lab.control.tools);
  const withFloors = times.map((time): PartTime => {
    const { floor: name }: { readonly title: string; readonly floor?: string } = parts[time.part];
    const floor = name === undefined ? undefined : floors?.seconds[name];
    return { ...time, ...(floor !== undefined && { floor }) };
  });
  const note = floors
    ? `by hand: as make bench measured it here on ${floors.date}`
    : "make bench measures the same work by hand, to compare";
  screen.show(["", ...renderTimes(withFloors), `  ${note}`]);
}

async function main(): Promise<void> {
  endLabOnSignal((text) => {
    screen.stop();
    screen.note(text);
  });
  const lab = await run("lab", () => startLab({ progress: screen }));
  const log = new EngineLog(inState("demo.log"), screen);
  try {
    await demo(lab, log);
  } catch (error) {
    // Before the lab ends: what failed is on the screen while it is taken down.
    if (!isInterrupted()) screen.show(["", ...describeError(error).split("\n"), ""]);
    process.exitCode = 1;
  } finally {
    await run("end", () => lab.down());
    if (!isInterrupted()) {
      if (process.exitCode === undefined) showTimes(lab);
      screen.show([`  what the engine said: ${log.place}`]);
    }
  }
}

/** What the user can mend, or is to know, is told without a stack; anything else is a fault of the lab and keeps it. */
function describeError(error: unknown): string {
  if (error instanceof RequirementError || error instanceof Failure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  if (isInterrupted()) return;
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});
