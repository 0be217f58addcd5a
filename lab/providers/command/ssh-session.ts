import { constants } from "node:os";
import type { Client, ClientChannel } from "ssh2";
import type { CapturedOutput } from "./captured-output";

/** An environment variable to set in the session before the command starts. */
export interface SessionVariable {
  readonly name: string;
  readonly value: string;
  /** Called if the server refuses it; an error that is returned stops the command from being started. */
  readonly onRefused: () => Error | undefined;
}

export interface SessionCommand {
  readonly text: string;
  readonly variables: readonly SessionVariable[];
  readonly stdin: string;
}

/** Why the command failed, as golang.org/x/crypto/ssh words it; undefined if it did not. Rejects if it was never started. */
export async function runInSession(client: Client, command: SessionCommand, output: CapturedOutput): Promise<string | undefined> {
  const channel = await start(client, command);
  channel.on("data", (chunk: Buffer) => output.stdout.add(chunk));
  channel.stderr.on("data", (chunk: Buffer) => output.stderr.add(chunk));
  let failure: string | undefined = "wait: remote command exited without exit status or exit signal";
  channel.on("exit", (code: number | null, signal?: string) => {
    if (signal !== undefined)
      failure = `Process exited with status ${128 + signalNumber(signal)} from signal ${signal.replace(/^SIG/, "")}`;
    else failure = code === 0 ? undefined : `Process exited with status ${code}`;
  });
  const closed = new Promise<void>((resolve) => {
    channel.once("close", () => resolve());
    // A proxy passes on that the host hung up (EOF), and keeps its own half open; Go's client gives a connection up that it cannot read.
    client.once("end", () => resolve());
    client.once("close", () => resolve());
  });
  channel.end(command.stdin);
  await closed;
  return failure;
}

const signalNumber = (name: string): number => constants.signals[`SIG${name.replace(/^SIG/, "")}` as NodeJS.Signals] ?? 0;

/** The parts of ssh2's client that asking for a reply to `env` needs; its own interface sends these requests without one. */
interface ClientInternals {
  readonly _protocol: {
    env(recipient: number, name: string, value: string, wantReply: boolean): void;
    exec(recipient: number, command: string, wantReply: boolean): void;
  };
  readonly _chanMgr: { readonly _channels: Readonly<Record<string, ChannelInternals | undefined>> };
}

interface ChannelInternals {
  readonly outgoing?: { readonly id: number };
  readonly _callbacks: ((refused: boolean | Error) => void)[];
}

function start(client: Client, { text, variables }: SessionCommand): Promise<ClientChannel> {
  if (variables.length > 0) setVariablesBeforeExec(client as unknown as ClientInternals, variables);
  return new Promise((resolve, reject) => {
    client.exec(text, (error, channel) => (error === undefined ? resolve(channel) : reject(error)));
  });
}

/** Sends the variables in front of the next `exec` request and holds that back until the server has answered each. */
function setVariablesBeforeExec({ _protocol: protocol, _chanMgr: channels }: ClientInternals, variables: readonly SessionVariable[]): void {
  const exec = protocol.exec.bind(protocol);
  protocol.exec = (recipient, command, wantReply): void => {
    protocol.exec = exec;
    const channel = Object.values(channels._channels).find((candidate) => candidate?.outgoing?.id === recipient);
    const onExecReply = channel?._callbacks.pop();
    if (channel === undefined || onExecReply === undefined) throw new Error("ssh2 has no such channel any more");
    const sendNext = (remaining: readonly SessionVariable[]): void => {
      const [variable, ...rest] = remaining;
      if (variable === undefined) {
        channel._callbacks.push(onExecReply);
        return exec(recipient, command, wantReply);
      }
      channel._callbacks.push((refused) => {
        const failure = refused === false ? undefined : variable.onRefused();
        if (failure === undefined) sendNext(rest);
        else onExecReply(failure);
      });
      protocol.env(recipient, variable.name, variable.value, true);
    };
    sendNext(variables);
  };
}
