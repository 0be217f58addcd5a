import { PulumiProject } from "./language-project";

/** One Command resource as data; the program of the tests makes whatever stands in its file. */
export interface CommandSpec {
  readonly args: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Inputs to give as secrets. */
  readonly secret?: readonly string[];
}

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const command = require("@pulumi/command");
const { resources, runs } = require("./resources.json");
for (const [name, { args, options, secret = [] }] of Object.entries(resources)) {
  for (const input of secret) args[input] = pulumi.secret(args[input]);
  new command.local.Command(name, args, options);
}
for (const [name, args] of Object.entries(runs)) exports[name] = command.local.runOutput(args).stdout;
`;

/** A project whose Command resources the test sets before each run. */
export async function createCommandProject(): Promise<PulumiProject> {
  const runtime = { name: "nodejs", options: { typescript: false } };
  return PulumiProject.create({
    "Pulumi.yaml": JSON.stringify({ name: "contract", main: "program/index.js", runtime }),
    "program/index.js": PROGRAM,
  });
}

export function setResources(
  project: PulumiProject,
  resources: Readonly<Record<string, CommandSpec>>,
  runs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Promise<void> {
  return project.write({ "program/resources.json": JSON.stringify({ resources, runs }) });
}
