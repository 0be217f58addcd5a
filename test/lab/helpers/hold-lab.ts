import { silentProgress } from "../../../lab/progress";
import { startLab } from "../../../lab/start-lab";

// A program that starts a lab of one host, says so, and waits to be killed.
async function main(): Promise<void> {
  const lab = await startLab({ progress: silentProgress, control: false, hosts: ["rack-1"] });
  process.stdout.write(`${(await lab.operator.ssh("rack-1", ["hostname"])).trim()} is up\n`);
  setInterval(() => undefined, 60_000);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
