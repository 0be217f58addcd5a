import { checkConnectivity } from "./checks/connectivity";
import { cloudInventory } from "./checks/cloud-inventory";
import { findLeftovers, lookBefore } from "./checks/nothing-left";
import { deployProbePods } from "./checks/probe-pods";
import { joinOperator } from "./console";
import { firstHosts } from "./hosts/topology";
import { endLabOnSignal, isInterrupted } from "./interrupt";
import type { Lab } from "./lab";
import { createProgress } from "./progress";
import { RequirementError } from "./requirements";
import { type LabStack, createStack } from "./stack";
import { type BurstPool, addBurstPools, cloudPool } from "./stack-config";
import { startLab } from "./start-lab";
import { timesTable } from "./times";

const progress = createProgress();
const times = timesTable();
const show = (text: string) => process.stdout.write(text);

/** A part of the demo: shown with its elapsed time and kept for the table at the end. */
const part = <T>(title: string, work: () => Promise<T>): Promise<T> => progress.step(title, () => times.measure(title, work));

async function demo(lab: Lab): Promise<void> {
  const hosts = firstHosts.filter((name) => name !== "bastion").map((name) => lab.host(name));
  const stack = await part("stack and operator", async () => {
    await joinOperator(lab);
    const made = await createStack(lab);
    made.edit((settings) => {
      addBurstPools(lab, settings);
    });
    return made;
  });
  const before = await part("look at every host", () => lookBefore(lab, hosts));

  await part("pulumi up", () => expectSuccess("pulumi up", stack.up([], { onOutput: show })));
  await stack.saveKubeconfig();
  show(await nodesTable(lab));
  await part("pods reach pods and nodes", () => showConnectivity(lab));
  await part("second pulumi up", () => expectNoChange(stack));

  setCounts(stack, { burst: 2, "burst-az": 1 });
  await part("burst to AWS and Azure", () => expectSuccess("pulumi up --refresh", stack.up(["--refresh"], { onOutput: show })));
  show(await nodesTable(lab));
  await part("pods reach the clouds and back", () => showConnectivity(lab));
  setCounts(stack, { burst: 0, "burst-az": 0 });
  await part("back to metal", () => expectSuccess("pulumi up --refresh", stack.up(["--refresh"], { onOutput: show })));
  await expectEmptyClouds(lab);

  await part("pulumi destroy", () => expectSuccess("pulumi destroy", stack.destroy([], { onOutput: show })));
  const leftovers = await part("look for leftovers", () => findLeftovers(lab, before));
  if (leftovers.length > 0) throw new Error(`left behind:\n${leftovers.join("\n")}`);
  show("nothing is left on the hosts or in the tailnet\n");
}

/** As `pulumi config set --path 'hybrid-k3s:pools.<pool>.count'` does. */
function setCounts(stack: LabStack, counts: Readonly<Record<BurstPool, number>>): void {
  stack.edit((settings) => {
    for (const [pool, count] of Object.entries(counts)) cloudPool(settings, pool).count = count;
  });
}

async function expectEmptyClouds(lab: Lab): Promise<void> {
  const left = await cloudInventory(lab);
  if (left.length > 0) throw new Error(`left behind in the clouds:\n${left.join("\n")}`);
  show("nothing is left in the clouds\n");
}

async function expectSuccess(what: string, run: ReturnType<LabStack["up"]>): Promise<string> {
  const { code, stdout, stderr } = await run;
  if (code !== 0) throw new Error(`${what} ended with ${code}: ${stderr.trim() || "see above"}`);
  return stdout;
}

async function expectNoChange(stack: LabStack): Promise<void> {
  const output = await expectSuccess("the second pulumi up", stack.up(["--expect-no-changes"]));
  show(`${/\d+ unchanged/.exec(output)?.[0] ?? "no count"}\n`);
}

async function nodesTable(lab: Lab): Promise<string> {
  const { code, stdout, stderr } = await lab.operator.kubectl(["get", "nodes", "-o", "wide"]);
  if (code !== 0) throw new Error(`kubectl over the tailnet failed: ${stderr}`);
  return stdout;
}

async function showConnectivity(lab: Lab): Promise<void> {
  const kubectl = lab.operator.kubectl.bind(lab.operator);
  const findings = await checkConnectivity(kubectl, await deployProbePods(kubectl), "reach");
  for (const { from, to, what, fault } of findings)
    show(`${fault === undefined ? "ok  " : "FAIL"} ${from} -> ${to}: ${what}${fault ? ` (${fault})` : ""}\n`);
  if (findings.some(({ fault }) => fault !== undefined)) throw new Error("not every pod reaches every other pod and node");
}

async function main(): Promise<void> {
  endLabOnSignal((text) => progress.note(text));
  const lab = await times.measure("lab", () => startLab({ progress }));
  try {
    await demo(lab);
  } finally {
    await part("end the lab", () => lab.down());
  }
  show(times.render());
}

main().catch((error: unknown) => {
  if (isInterrupted()) return;
  process.stderr.write(
    `${error instanceof RequirementError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
