import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** Programs of src/operator-tools. Their paths stand in state: a rename strands what older stacks removed. */
export type ToolName = "wait-for-ssh" | "cleanup" | "drain" | "protect";

export interface LocalToolArgs {
  readonly tool: ToolName;
  /** The moments at which the tool acts; at the others the resource does nothing. */
  readonly on: readonly ("create" | "update" | "delete")[];
  /** What the tool reads as one JSON document on its stdin; a secret, credentials included. */
  readonly input: pulumi.Input<Record<string, unknown>>;
  /** The ids or facts that make this link run as new when they change. */
  readonly previous: readonly pulumi.Input<string>[];
}

/** One tool on the operator's machine. The working directory of local commands is this program's folder, src/. */
export class LocalTool extends command.local.Command {
  constructor(name: string, args: LocalToolArgs, opts: pulumi.CustomResourceOptions) {
    const run = (verb: LocalToolArgs["on"][number]) =>
      args.on.includes(verb) ? { [verb]: `node operator-tools/${args.tool}.mjs ${verb}` } : {};
    super(
      name,
      {
        ...run("create"),
        // Without one the provider runs `create` again at any change of the input, rotated credentials among them.
        ...(args.on.includes("create") && { update: "exit 0" }),
        ...run("update"),
        ...run("delete"),
        stdin: pulumi.secret(pulumi.jsonStringify(args.input)),
        triggers: [...args.previous],
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true }),
    );
  }
}
