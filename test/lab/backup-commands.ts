import { succeed } from "../../lab/checks/probe-pods";
import type { RunResult } from "../../lab/contract";
import { checkoutRoot } from "../../lab/paths";
import type { LabS3 } from "../../lab/s3";
import type { LabContext } from "./lab-context";
import { expectSuccess } from "./nodes-view";

const COMMAND_MS = 800_000;

interface Listed {
  readonly name: string;
  readonly servers: readonly string[];
  readonly inS3: boolean;
}

/** `npx hybrid-k3s ...` on the operator's machine, for the lab's stack. */
export function runBackupCommand({ lab, stack }: LabContext, ...words: string[]): Promise<RunResult> {
  return lab.operator.run([process.execPath, "src/cli/main.mjs", ...words, "--stack", stack.name], {
    cwd: checkoutRoot,
    timeoutMs: COMMAND_MS,
  });
}

export async function listBackups(context: LabContext): Promise<readonly Listed[]> {
  return JSON.parse(await expectSuccess(runBackupCommand(context, "list-backups", "--json"))) as readonly Listed[];
}

/** Leaves a trace in the cluster's data: what a snapshot has, or has not. */
export const writeNote = ({ kubectl }: LabContext, name: string) =>
  succeed(kubectl, ["create", "configmap", `written-${name}`, "--from-literal=written=yes"]);

export async function readNotes({ kubectl }: Pick<LabContext, "kubectl">): Promise<readonly string[]> {
  const { stdout } = await succeed(kubectl, ["get", "configmaps", "-o", "name"]);
  return stdout.split("\n").flatMap((name) => /\/written-(.*)/.exec(name)?.[1] ?? []);
}

/** Runs the line that a restore printed for the stack, as a person does who copies it. */
export async function runPrintedLine({ lab, stack }: LabContext, said: string): Promise<void> {
  const line = /pulumi up --replace 'urn:[^']*'/.exec(said)?.[0];
  if (line === undefined) throw new Error(`no line to run in:\n${said}`);
  const flags = ["--yes", "--skip-preview", "--non-interactive", "--color=never", ...stack.flags];
  await expectSuccess(lab.operator.run(["sh", "-euc", `${line} "$@"`, "sh", ...flags], { cwd: checkoutRoot }));
  await stack.saveKubeconfig();
}

/** The stack's snapshots go to this S3 too. */
export async function useS3({ stack }: LabContext, { endpoint, bucket, caFile, accessKey, secretKey }: LabS3): Promise<void> {
  stack.edit((settings) => {
    const s3 = { endpoint, bucket, caFile, bucketLookup: "path" as const };
    settings["hybrid-k3s:cluster"].backup = { schedule: "0 3 * * *", retention: 3, s3 };
  });
  await stack.setSecret("hybrid-k3s:s3AccessKey", accessKey);
  await stack.setSecret("hybrid-k3s:s3SecretKey", secretKey);
}
