import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { controlOf } from "./console";
import { ensureServerCertificate } from "./control/certificate-authority";
import { waitUntilServing } from "./control/wait-until-serving";
import { LabService } from "./hosts/services";
import { addresses } from "./hosts/topology";
import type { Lab } from "./lab";
import { inState } from "./paths";
import { buildProgram } from "./tools/build-program";
import { givenPath } from "./tools/find-program";
import { s3Build } from "./tools/programs";

const NAME = "s3.lab.test";
const BUCKET = "k3s-backups";
const START_LIMIT_MS = 30_000;

/** An S3 on the lab's internet (VersityGW: signatures, certificates and answers are real), with one bucket and one account. */
export interface LabS3 {
  /** Its address; HTTPS on 443, by a certificate of an authority that nobody trusts by itself. */
  readonly endpoint: string;
  readonly caFile: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly service: LabService;
  /** Keys of the objects below a folder of the bucket. */
  list(folder: string): readonly string[];
}

/** Starts it on the machine `outsider`, empty. */
export async function startS3(lab: Lab): Promise<LabS3> {
  const program = givenPath("LAB_VERSITYGW") ?? (await buildProgram("versitygw", s3Build));
  await lab.wanMachine("outsider");
  const { siteAuthority } = controlOf(lab).prepared;
  const endpoint = addresses.outsider;
  const certificate = await ensureServerCertificate(siteAuthority, join(dirname(siteAuthority.certificateFile), "s3"), [NAME, endpoint]);
  const root = inState("s3");
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, BUCKET), { recursive: true, mode: 0o700 });
  const keys = { accessKey: `LAB${randomBytes(8).toString("hex").toUpperCase()}`, secretKey: randomBytes(20).toString("hex") };
  const { certificateFile, keyFile } = certificate;
  const service = new LabService(
    {
      name: "s3",
      netns: "outsider",
      argv: [program, "--port", `${endpoint}:443`, "--cert", certificateFile, "--key", keyFile, "--health", "/health", "posix", root],
      env: { ROOT_ACCESS_KEY_ID: keys.accessKey, ROOT_SECRET_ACCESS_KEY: keys.secretKey },
      waitReady: (run) =>
        waitUntilServing(
          run,
          { address: endpoint, port: 443, hostName: NAME, path: "/health", caFile: siteAuthority.certificateFile },
          START_LIMIT_MS,
        ),
    },
    lab.namespaces,
  );
  await service.start();
  const list = (folder: string) => {
    try {
      return readdirSync(join(root, BUCKET, folder));
    } catch {
      return [];
    }
  };
  return { endpoint, caFile: siteAuthority.certificateFile, bucket: BUCKET, ...keys, service, list };
}
