import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { CloudError } from "../../lab/clouds/contract";
import { installProviders } from "../../lab/providers";
import { Azure, type Body } from "./azure-fixture";
import { PulumiProject, type PulumiRun } from "./language-project";

export const SUBSCRIPTION = "8d6fa4b1-13f4-4e41-9d2a-0f6b1f6f9a55";

const PROGRAM = `
const modules = {
  network: require("@pulumi/azure-native/network"),
  resources: require("@pulumi/azure-native/resources"),
  compute: require("@pulumi/azure-native/compute"),
  tls: require("@pulumi/tls"),
};
const { resources = [], subnet, machine } = require("./resources.json");
const made = {};
for (const [name, type, args, opts = {}] of resources) {
  const [module, kind] = type.split(":");
  const dependsOn = Object.values(made);
  made[name] = new modules[module][kind](name, args, { ...opts, dependsOn });
}
exports.ids = Object.fromEntries(Object.entries(made).map(([name, resource]) => [name, resource.id]));
if (machine) exports.machine = modules.compute.getVirtualMachineOutput(machine);
if (subnet) exports.subnet = modules.network.getSubnetOutput(subnet);
`;

export type ResourceEntry = readonly [
  name: string,
  type: string,
  args: Readonly<Record<string, unknown>>,
  opts?: Readonly<Record<string, unknown>>,
];

/** A Pulumi project whose azure-native and tls are the lab's, on an Azure of its own. */
export class AzureProject {
  private constructor(
    readonly azure: Azure,
    readonly project: PulumiProject,
  ) {}

  static async create(test: TestContext): Promise<AzureProject> {
    const folder = await mkdtemp(join(tmpdir(), "hybrid-k3s-azure-"));
    const azure = new Azure();
    const socket = join(folder, "clouds.sock");
    const server = createServer((incoming, outgoing) => void answer(azure, incoming, outgoing));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await installProviders(join(folder, "bin"));
    process.env["LAB_CLOUDS_SOCKET"] = socket;
    process.env["PATH"] = [process.env["PATH"], join(folder, "bin")].join(delimiter);
    const runtime = { name: "nodejs", options: { typescript: false } };
    const project = await PulumiProject.create({
      "Pulumi.yaml": JSON.stringify({ name: "contract", main: "index.js", runtime }),
      "index.js": PROGRAM,
      "Pulumi.test.yaml": JSON.stringify({ config: { "azure-native:subscriptionId": SUBSCRIPTION } }),
    });
    test.after(async () => {
      server.close();
      server.closeAllConnections();
      await Promise.all([project.remove(), rm(folder, { recursive: true, force: true })]);
    });
    return new AzureProject(azure, project);
  }

  async set(resources: readonly ResourceEntry[], more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.project.write({ "resources.json": JSON.stringify({ resources, ...more }) });
  }

  async up(
    resources: readonly ResourceEntry[],
    more: Readonly<Record<string, unknown>> = {},
    ...args: readonly string[]
  ): Promise<PulumiRun> {
    await this.set(resources, more);
    return this.project.up(...args);
  }
}

/** Answers as the lab's service does: POST /azure/<action>, refusals as {code, message}. */
async function answer(azure: Azure, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const action = incoming.url?.split("/").at(-1) ?? "";
  try {
    const body = await azure.ask(action, JSON.parse(Buffer.concat(chunks).toString()) as Body);
    outgoing.writeHead(200).end(JSON.stringify(body));
  } catch (error) {
    const { code, message, status } = error instanceof CloudError ? error : { code: "InternalError", message: String(error), status: 500 };
    outgoing.writeHead(status).end(JSON.stringify({ code, message }));
  }
}

/** An empty project; its methods may be taken apart. */
export async function withProject(test: Parameters<typeof AzureProject.create>[0]) {
  const owner = await AzureProject.create(test);
  return { azure: owner.azure, project: owner.project, set: owner.set.bind(owner), up: owner.up.bind(owner) };
}
