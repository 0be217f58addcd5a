import { joinOperator } from "./console";
import { Namespaces, cleanUpEnded } from "./hosts/namespaces";
import { firstHosts, hostSpecs } from "./hosts/topology";
import { endLabOnSignal, isInterrupted } from "./interrupt";
import { createProgress } from "./progress";
import { RequirementError } from "./requirements";
import { createStack } from "./stack";
import { attachLab, startLab } from "./start-lab";

const progress = createProgress();

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
  endLabOnSignal((text) => progress.note(text));
  const lab = await startLab({ progress });
  const stack = await progress.step("stack and operator", async () => {
    await joinOperator(lab);
    return createStack(lab);
  });
  const result = await progress.step("pulumi up", () => stack.up([], { onOutput: (text) => process.stdout.write(text) }));
  if (isInterrupted()) return;
  await lab.keep();
  if (result.code === 0) await stack.saveKubeconfig();
  else progress.note("pulumi up failed; the lab stays for a look at it");
  progress.note(howTo);
  process.exitCode = result.code === 0 ? 0 : 1;
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
