import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { CloudError, type CloudRequest } from "../../lab/clouds/contract";
import { bundlePlugin } from "../../lab/providers/bundle";
import { Aws } from "./aws-fixture";
import { PulumiProject, type PulumiRun } from "./language-project";

const PROGRAM = `
const aws = require("@pulumi/aws");
const { resources = {}, look } = require("./resources.json");
const made = {};
// "@name" is that resource's id, "@name.output" another output of it.
const value = (given) => {
  if (Array.isArray(given)) return given.map(value);
  if (given && typeof given === "object") return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, value(item)]));
  const [, name, output = "id"] = /^@(\\w+)(?:\\.(\\w+))?$/.exec(given) || [];
  return name ? made[name][output] : given;
};
for (const [name, [type, args, opts]] of Object.entries(resources)) {
  made[name] = new aws.ec2[type](name, { region: "eu-central-1", ...value(args) }, opts);
}
if (look) exports.found = look.module === "ssm" ? aws.ssm.getParameterOutput(look.args).insecureValue : aws.ec2[look.name](look.args);
`;

export type Resource = readonly [type: string, args: Readonly<Record<string, unknown>>, opts?: Readonly<Record<string, unknown>>];

export interface Wanted {
  readonly resources?: Readonly<Record<string, Resource>>;
  readonly look?: { readonly module: string; readonly name: string; readonly args: Readonly<Record<string, unknown>> };
}

/** A stack of AWS resources, made by the plugin under test in an AWS of its own. */
export class AwsStack {
  private constructor(
    readonly aws: Aws,
    readonly project: PulumiProject,
    /** Actions asked for so far. */
    readonly asked: string[],
  ) {}

  static async create(test: TestContext): Promise<AwsStack> {
    const aws = new Aws();
    const runtime = { name: "nodejs", options: { typescript: false } };
    const project = await PulumiProject.create({
      "Pulumi.yaml": JSON.stringify({ name: "contract", main: "index.js", runtime }),
      "index.js": PROGRAM,
    });
    const asked: string[] = [];
    const socket = join(project.folder, "clouds.sock");
    const stop = await serve(aws, socket, asked);
    await installPlugin(join(project.folder, "bin"), socket);
    test.after(async () => {
      stop();
      await project.remove();
    });
    return new AwsStack(aws, project, asked);
  }

  async want(wanted: Wanted): Promise<void> {
    await this.project.write({ "resources.json": JSON.stringify(wanted) });
  }

  async up(wanted: Wanted, ...args: readonly string[]): Promise<PulumiRun> {
    await this.want(wanted);
    return this.project.up(...args);
  }
}

let bundled: Promise<string> | undefined;

async function installPlugin(folder: string, socket: string): Promise<void> {
  bundled ??= bundlePlugin(join(__dirname, "../../lab/providers/aws/main.ts"));
  await mkdir(folder, { recursive: true });
  const bundle = join(folder, "aws.cjs");
  await writeFile(bundle, await bundled);
  await writeFile(join(folder, "pulumi-resource-aws"), `#!/bin/sh\nLAB_CLOUDS_SOCKET='${socket}' exec node '${bundle}' "$@"\n`, {
    mode: 0o755,
  });
}

async function serve(aws: Aws, socket: string, asked: string[]): Promise<() => void> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const action = incoming.url?.replace(/^\/aws\//, "") ?? "";
      asked.push(action);
      try {
        const answer = await aws.ask(action, JSON.parse(Buffer.concat(chunks).toString()) as CloudRequest);
        outgoing.writeHead(200).end(JSON.stringify(answer));
      } catch (error) {
        const { code = "InternalError", status = 500, message } = error as Partial<CloudError> & Error;
        outgoing.writeHead(status).end(JSON.stringify({ code, message }));
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return () => {
    server.closeAllConnections();
    server.close();
  };
}

/** A public subnet with its firewall. */
export const NETWORK: Readonly<Record<string, Resource>> = {
  vpc: ["Vpc", { cidrBlock: "10.20.0.0/16", enableDnsHostnames: false, tags: { Name: "edge-vpc" } }],
  gateway: ["InternetGateway", { vpcId: "@vpc" }],
  subnet: ["Subnet", { vpcId: "@vpc", cidrBlock: "10.20.0.0/24", availabilityZone: "eu-central-1a" }],
  routes: ["RouteTable", { vpcId: "@vpc" }, { ignoreChanges: ["propagatingVgws"] }],
  outward: ["Route", { routeTableId: "@routes", destinationCidrBlock: "0.0.0.0/0", gatewayId: "@gateway" }],
  route: ["RouteTableAssociation", { subnetId: "@subnet", routeTableId: "@routes" }],
  firewall: [
    "SecurityGroup",
    {
      vpcId: "@vpc",
      ingress: [{ protocol: "udp", fromPort: 41641, toPort: 41641, cidrBlocks: ["0.0.0.0/0"] }],
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] }],
    },
  ],
};

/** A machine in it, but for its image. */
export const INSTANCE = {
  instanceType: "t3.large",
  subnetId: "@subnet",
  vpcSecurityGroupIds: ["@firewall"],
  associatePublicIpAddress: true,
  userData: "#cloud-config\n",
  userDataReplaceOnChange: true,
  metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
  rootBlockDevice: { volumeType: "gp3", volumeSize: 20, encrypted: true, deleteOnTermination: true, tags: { Name: "edge" } },
  instanceInitiatedShutdownBehavior: "terminate",
  tags: { Name: "edge-burst-0" },
};

export const withInstance = (image: string, changes: Readonly<Record<string, unknown>> = {}, opts = {}): Wanted => ({
  resources: { ...NETWORK, vm: ["Instance", { ...INSTANCE, ami: image, ...changes }, opts] },
});

/** An empty stack in an AWS of its own, and the id of an image there. */
export async function prepared(test: Parameters<typeof AwsStack.create>[0]): Promise<{ stack: AwsStack; image: string }> {
  const stack = await AwsStack.create(test);
  return { stack, image: await stack.aws.image() };
}
