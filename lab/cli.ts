import { joinOperator } from "./console";
import { Namespaces, cleanUpEnded } from "./hosts/namespaces";
import { firstHosts, hostSpecs } from "./hosts/topology";
import { endLabOnSignal, isInterrupted } from "./interrupt";
import { inState } from "./paths";
import { RequirementError } from "./requirements";
import { EngineLog, Failure } from "./screen/engine-log";
import { createScreen } from "./screen/screen";
import { type LabStack, createStack } from "./stack";
import { nodeNames } from "./stack-config";
import { attachLab, startLab } from "./start-lab";

const progress = createScreen(process.stderr);

const usage = `usage: lab/cli.ts up | down | boot NAME | status
  up      start the lab, bring the cluster up on it and leave both running
  down    end the lab of this checkout
  boot    boot a spare host of the running lab
  status  which hosts are on`;

const howTo = `The lab is up; make lab-down ends it. As its operator (a machine on the lab's internet and in its tailnet):
  lab/enter kubectl get nodes -o wide
  lab/enter ssh rack-1                                   also: ${hostSpecs.map(({ name }) => name).join(", ")}
  lab/enter pulumi preview --config-file .lab/Pulumi.lab.yaml
  lab/enter tailscale status
The stack's settings are .lab/Pulumi.lab.yaml; rack-3 and kiosk-2 are spare hosts: lab/cli.ts boot NAME boots one.`;

async function up(): Promise<void> {
  endLabOnSignal((text) => {
    progress.stop();
    progress.note(text);
  });
  const lab = await startLab({ progress });
  const log = new EngineLog(inState("lab.log"), progress);
  const stack = await progress.step("stack and operator", async () => {
    await joinOperator(lab);
    return createStack(lab);
  });
  const fault = await bringUp(stack, log);
  if (isInterrupted()) return;
  await lab.keep();
  if (fault === undefined) await stack.saveKubeconfig();
  else progress.note(`${fault}\npulumi up failed; the lab stays for a look at it. What the engine said: ${log.place}`);
  progress.note(howTo);
  process.exitCode = fault === undefined ? 0 : 1;
}

/** Gives the engine's last errors where it fails. */
async function bringUp(stack: LabStack, log: EngineLog): Promise<string | undefined> {
  try {
    const nodes = nodeNames(stack.settings());
    await progress.step("pulumi up", () => log.run("pulumi up", nodes, (options) => stack.up([], options)));
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

async function down(): Promise<void> {
  const running = Namespaces.find();
  if (running === undefined) await cleanUpEnded();
  else await progress.step("end the lab", () => running.end());
}

async function boot(name: string | undefined): Promise<void> {
  const spec = hostSpecs.find((candidate) => candidate.name === name);
  if (spec === undefined)
    throw new RequirementError(`There is no host ${name ?? ""}; there are ${hostSpecs.map((host) => host.name).join(", ")}.`);
  const lab = await attachLab();
  await progress.step(`boot ${spec.name}`, () => lab.boot(spec.name));
}

async function status(): Promise<void> {
  const lab = await attachLab();
  for (const host of lab.hosts.values())
    progress.note(`${host.name} ${host.isOn ? "on" : "off"}${firstHosts.includes(host.name) ? "" : " (spare)"}`);
}

async function main([verb, name]: readonly string[]): Promise<void> {
  switch (verb) {
    case "up":
      return up();
    case "down":
      return down();
    case "boot":
      return boot(name);
    case "status":
      return status();
    case undefined:
    default:
      throw new RequirementError(usage);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (isInterrupted()) return;
  // What the user can mend is one sentence; anything else is a fault of the lab and keeps its stack.
  process.stderr.write(
    `${error instanceof RequirementError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
});
