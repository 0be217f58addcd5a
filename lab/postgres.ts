import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { controlOf } from "./console";
import { type Authority, ensureServerCertificate } from "./control/certificate-authority";
import { LabService } from "./hosts/services";
import { addresses, type HostName } from "./hosts/topology";
import { waitUntil } from "./hosts/wait-until";
import type { Lab } from "./lab";
import { buildProgram } from "./tools/build-program";
import { givenPath } from "./tools/find-program";
import { kineBuild } from "./tools/programs";

const NAME = "db.lab.test";
const PORT = "5432";
const START_LIMIT_MS = 60_000;
const KINE = "/usr/lib/kine";

/** A Postgres on the lab's internet, with TLS by a certificate of an authority that nobody trusts by itself. */
export interface LabPostgres {
  /** As k3s is told it. */
  readonly endpoint: string;
  readonly password: string;
  readonly caFile: string;
  readonly service: LabService;
}

/** Starts it on the machine `outsider`, empty, its certificate by this authority (default: the site's); its data go when it stops. */
export async function startPostgres(lab: Lab, authority: Authority = controlOf(lab).prepared.siteAuthority): Promise<LabPostgres> {
  await lab.wanMachine("outsider");
  const address = addresses.outsider;
  const folder = join(dirname(authority.certificateFile), "postgres");
  const { certificateFile, keyFile } = await ensureServerCertificate(authority, folder, [NAME, address]);
  // With what means something in a URL, and to those who write the file that systemd reads.
  const password = `${randomBytes(16).toString("hex")}/@$"`;
  const service = new LabService(
    {
      name: "postgres",
      netns: "outsider",
      argv: [join(__dirname, "run-postgres.sh"), address, certificateFile, keyFile],
      env: { DATABASE_PASSWORD: password },
      waitReady: async (run) => {
        await waitUntil("Postgres answers", async () => (await run(["bash", "-c", `exec 3<>/dev/tcp/${address}/${PORT}`])).code === 0, {
          timeoutMs: START_LIMIT_MS,
          intervalMs: 200,
        });
      },
    },
    lab.namespaces,
  );
  await service.start();
  const endpoint = `postgres://k3s:${encodeURIComponent(password)}@${address}:${PORT}/k3s`;
  return { endpoint, password, caFile: authority.certificateFile, service };
}

/** What the stand-in for k3s has SQL databases by; a real k3s has it within itself, and needs none. */
export async function placeKine(lab: Lab, hosts: readonly HostName[]): Promise<void> {
  const program = givenPath("LAB_KINE") ?? (await buildProgram("kine", kineBuild));
  for (const name of hosts) await lab.host(name).copyIn(program, `${KINE}/kine`, "0755");
}

export async function takeKine(lab: Lab, hosts: readonly HostName[]): Promise<void> {
  for (const name of hosts) await lab.host(name).exec(`rm -rf ${KINE}`);
}
