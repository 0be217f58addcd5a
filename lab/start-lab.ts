import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { LabTools, Progress } from "./contract";
import type { PreparedControl } from "./control/prepare-control";
import { prepareCommonFiles } from "./hosts/common-files";
import { cleanUpEnded, createNamespaces, Namespaces } from "./hosts/namespaces";
import { prepareOperator, trustedBundle } from "./hosts/operator-environment";
import type { RootFileSystems } from "./hosts/root-file-system";
import { ensureRootFileSystems } from "./hosts/root-file-system";
import { writeSshConfig } from "./hosts/ssh-config";
import { ensureHostKeys, ensureOperatorKey } from "./hosts/ssh-keys";
import type { HostName } from "./hosts/topology";
import { firstHosts, hostSpecs, names, networkLines } from "./hosts/topology";
import { Lab } from "./lab";
import { controlStateDirs, labControl, prepareLabControl } from "./lab-control";
import { checkoutRoot, hostScript, inState } from "./paths";
import { createProgress } from "./progress";
import { checkPrograms, checkRequirements, RequirementError } from "./requirements";
import { getTools } from "./tools/get-tools";

export interface LabOptions {
  readonly progress?: Progress;
  /** The lab, once started, goes on when this program ends; default: it ends with it, whatever ends it. */
  readonly independent?: boolean;
  /** Booted at once; a test boots the others when it needs them. */
  readonly hosts?: readonly HostName[];
  /** Default true; without: hosts and networks only, nothing to log in to a tailnet with. */
  readonly control?: boolean;
}

const programs = [
  "mmdebstrap",
  "systemd-nspawn",
  "unshare",
  "nsenter",
  "setpriv",
  "flock",
  "ip",
  "nft",
  "iptables",
  "ssh",
  "ssh-keygen",
  "openssl",
];

/** What attachLab needs to know of a lab that another program started. */
interface LabRecord {
  readonly rootFileSystems: RootFileSystems;
  readonly tools?: LabTools;
}

const recordFile = () => inState("run", "lab.json");

const hostsFile = (own: string): string =>
  [`127.0.0.1 localhost${own}`, "::1 localhost", ...Object.entries(names).map(([name, address]) => `${address} ${name}`), ""].join("\n");

/** What lies above Debian on every host: the lab's units, the k3s stand-in's host files, names, and the lab's authority in the trust store. */
async function prepareHostFiles(labAuthority: string | undefined): Promise<void> {
  // In the bundle, so that it counts at once, and beside it, so that it stays when a package refreshes the bundle.
  const trust: Readonly<Record<string, string>> =
    labAuthority === undefined
      ? {}
      : { "etc/ssl/certs/ca-certificates.crt": trustedBundle(labAuthority), "usr/local/share/ca-certificates/lab.crt": labAuthority };
  await prepareCommonFiles([hostScript("host-files"), `${checkoutRoot}/lab/k3s/host-files`], { "etc/hosts": hostsFile(""), ...trust });
}

async function prepareFiles(prepared: PreparedControl | undefined): Promise<void> {
  await ensureOperatorKey();
  await Promise.all(hostSpecs.map((spec) => ensureHostKeys(spec.name)));
  writeSshConfig();
  const labAuthority = prepared === undefined ? undefined : readFileSync(prepared.labAuthority.certificateFile, "utf8");
  prepareOperator(labAuthority ?? "");
  await prepareHostFiles(labAuthority);
}

/** The lab's own names, which its namespaces put over this machine's. */
function prepareNames(): void {
  mkdirSync(inState("etc"), { recursive: true });
  writeFileSync(inState("etc", "hosts"), hostsFile(" lab"));
  writeFileSync(inState("etc", "resolv.conf"), "");
}

function dropFormerState(): void {
  for (const directory of [inState("hosts"), inState("machines"), inState("services"), inState("pulumi"), ...controlStateDirs]) {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Starts this checkout's lab and returns when its hosts are booted, its services serve and the operator can log in everywhere. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const progress = options.progress ?? createProgress();
  checkRequirements();
  checkPrograms(programs);
  if (Namespaces.find() !== undefined) throw new RequirementError("A lab of this checkout is running already; make lab-down ends it.");
  await cleanUpEnded();
  dropFormerState();
  const [rootFileSystems, tools] = await Promise.all([
    progress.step("root file systems of the hosts", () => ensureRootFileSystems(progress)),
    options.control === false ? undefined : progress.step("programs", () => getTools(progress)),
  ]);
  prepareNames();
  const namespaces = await createNamespaces(networkLines());
  try {
    const prepared = tools === undefined ? undefined : await progress.step("mirror and certificates", () => prepareLabControl(tools));
    await prepareFiles(prepared);
    writeFileSync(recordFile(), JSON.stringify({ rootFileSystems, ...(tools === undefined ? {} : { tools }) } satisfies LabRecord));
    const control =
      prepared === undefined || tools === undefined
        ? undefined
        : labControl(namespaces, { prepared, tools, cloudImage: rootFileSystems.cloud });
    const lab = new Lab(namespaces, rootFileSystems, control);
    await Promise.all([
      ...(options.hosts ?? firstHosts).map((name) => progress.step(`boot ${name}`, () => lab.boot(name))),
      control === undefined ? undefined : progress.step("control server, API, mirror and clouds", () => startServices(lab)),
    ]);
    if (options.independent === true) await lab.keep();
    return lab;
  } catch (error) {
    await namespaces.end();
    throw error;
  }
}

async function startServices(lab: Lab): Promise<void> {
  const services = lab.control?.services ?? [];
  const clouds = services.filter(({ name }) => name === "clouds").map((service) => service.start());
  const others = services.filter(({ name }) => name !== "clouds");
  // In their order: the API emulation asks the control server.
  const inOrder = (async () => {
    for (const service of others) await service.start();
  })();
  await Promise.all([inOrder, ...clouds]);
  await lab.operator.startTailscaled();
}

/** The lab of this checkout that is running, started by this or another program. */
export async function attachLab(): Promise<Lab> {
  const namespaces = Namespaces.find();
  if (namespaces === undefined || !existsSync(recordFile()))
    throw new RequirementError("No lab of this checkout is running; make lab starts one.");
  const { rootFileSystems, tools } = JSON.parse(readFileSync(recordFile(), "utf8")) as LabRecord;
  const parts = tools === undefined ? undefined : { prepared: await prepareLabControl(tools), tools, cloudImage: rootFileSystems.cloud };
  return new Lab(namespaces, rootFileSystems, parts === undefined ? undefined : labControl(namespaces, parts));
}
