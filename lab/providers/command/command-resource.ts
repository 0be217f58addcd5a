import { randomBytes } from "node:crypto";
import { checkProperties } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, UNKNOWN } from "../plugin/property-values";
import type { Checked, Operation, ResourceType } from "../plugin/provider";
import type { Outputs } from "./run-local";

/** Runs one command text with the resource's inputs; `previous` is what the last create or update wrote. */
export type RunCommand = (command: string, inputs: Properties, previous: Partial<Outputs>, operation: Operation) => Promise<Outputs>;

/**
 * A Command (pulumi-command: provider/pkg/provider/local/commandController.go): only `triggers` replaces,
 * any other change runs `update` or else `create`, and without `delete` nothing runs at the end.
 */
export function commandResource(type: ObjectType, run: RunCommand, unsupported: readonly string[]): ResourceType {
  return {
    check: (inputs) => check(inputs, type, unsupported),
    diff: (_id, _olds, _news, changed) => Promise.resolve({ replaces: changed.filter((name) => name === "triggers") }),
    create: async (inputs, operation) => {
      const name = operation.urn.split("::").at(-1) ?? "";
      return { id: `${name}${randomBytes(4).toString("hex")}`, outputs: await outputsOf(run, inputs["create"], inputs, {}, operation) };
    },
    update: (_id, olds, news, operation) => outputsOf(run, news["update"] ?? news["create"], news, olds, operation),
    delete: async (_id, state, operation) => {
      const command = state["delete"];
      if (typeof command === "string") await run(command, state, state, operation);
    },
  };
}

function check(inputs: Properties, type: ObjectType, unsupported: readonly string[]): Checked {
  const refused = unsupported
    .filter((property) => inputs[property] !== undefined)
    .map((property) => ({ property, reason: `'${property}' is not available in this stand-in for the command provider` }));
  return { inputs, failures: [...checkProperties(inputs, type), ...refused] };
}

async function outputsOf(
  run: RunCommand,
  command: Properties[string] | undefined,
  inputs: Properties,
  previous: Partial<Outputs>,
  operation: Operation,
): Promise<Properties> {
  if (operation.preview) return { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN };
  const kept = { stdout: previous.stdout ?? "", stderr: previous.stderr ?? "" };
  return { ...inputs, ...(typeof command === "string" ? await run(command, inputs, previous, operation) : kept) };
}
