import type { Operation } from "../plugin/provider";
import { CapturedOutput, type Logging } from "./captured-output";
import { type ProxiedConnectionInputs, dial } from "./dial";
import { goQuote } from "./go-quote";
import type { Outputs } from "./run-local";
import { type SessionVariable, runInSession } from "./ssh-session";

export interface RemoteInputs {
  readonly connection: ProxiedConnectionInputs;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly logging?: Logging;
  readonly addPreviousOutputInEnv?: boolean;
}

/**
 * Runs a command over SSH as pulumi-command's provider/pkg/provider/remote/commandOutputs.go does: once it has started, neither an
 * interrupt nor a time limit ends it.
 */
export async function runRemote(command: string, inputs: RemoteInputs, previous: Partial<Outputs>, operation: Operation): Promise<Outputs> {
  const dialled = await dial(inputs.connection, operation);
  try {
    const output = new CapturedOutput(operation.log, inputs.logging);
    const variables = [...given(inputs, operation), ...previousOutput(inputs, previous, operation)];
    const failure = await runInSession(dialled.client, { text: command, variables, stdin: inputs.stdin ?? "" }, output);
    const { stdout, stderr } = output.end();
    if (failure !== undefined) throw new Error(`${failure}: running ${goQuote(command)}:\n${output.everything}`);
    return { stdout, stderr };
  } finally {
    dialled.end();
  }
}

function given({ environment = {} }: RemoteInputs, { log }: Operation): SessionVariable[] {
  return Object.entries(environment).map(([name, value]) => ({
    name,
    value,
    onRefused: () => {
      log.error(refusal(name));
      return new Error(`could not set environment variable ${goQuote(name)}: ssh: setenv failed`);
    },
  }));
}

function previousOutput({ addPreviousOutputInEnv }: RemoteInputs, previous: Partial<Outputs>, { log }: Operation): SessionVariable[] {
  if (addPreviousOutputInEnv === false) return [];
  const values = { PULUMI_COMMAND_STDOUT: previous.stdout, PULUMI_COMMAND_STDERR: previous.stderr };
  return Object.entries(values).flatMap(([name, value]) =>
    value ? [{ name, value, onRefused: () => (log.warn(refusal(name)), undefined) }] : [],
  );
}

const refusal = (name: string): string =>
  `Unable to set '${name}'. The SSH server must accept it by AcceptEnv; or put it in front of the command, as in 'VAR=value command'`;
