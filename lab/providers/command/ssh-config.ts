import { connect } from "node:net";
import { type AnyAuthMethod, utils } from "ssh2";

/** `connection` or `connection.proxy`, after the defaults are filled in. */
export interface ConnectionInputs {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  readonly agentSocketPath?: string;
  readonly hostKey?: string;
  readonly dialErrorLimit: number;
  readonly perDialTimeout: number;
}

export interface SshConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly methods: readonly AnyAuthMethod[];
  /** The server's only accepted key in wire form; any if undefined. */
  readonly hostKey: Buffer | undefined;
  readonly dialErrorLimit: number;
  readonly perDialTimeoutMs: number;
}

/** Reads keys and finds the agent before anything is dialled; what is wrong with them is not tried again. */
export async function readSshConfig(inputs: ConnectionInputs): Promise<SshConfig> {
  const { user } = inputs;
  const methods: AnyAuthMethod[] = [{ type: "none", username: user }];
  if (inputs.privateKey !== undefined) methods.push({ type: "publickey", username: user, key: parsePrivateKey(inputs) as never });
  const { password } = inputs;
  if (password !== undefined) {
    methods.push({ type: "password", username: user, password });
    methods.push({
      type: "keyboard-interactive",
      username: user,
      prompt: (_name, _instructions, _lang, prompts, finish) => finish(prompts.map(() => password)),
    });
  }
  const agent = inputs.agentSocketPath ?? process.env["SSH_AUTH_SOCK"] ?? "";
  if (agent !== "") {
    await assertAgentAnswers(agent);
    // Go's client never tries a method of the same name twice, so a private key shuts the agent out.
    if (inputs.privateKey === undefined) methods.push({ type: "agent", username: user, agent });
  }
  return {
    host: inputs.host,
    port: Math.trunc(inputs.port),
    user,
    methods,
    hostKey: inputs.hostKey === undefined ? undefined : parseHostKey(inputs.hostKey),
    dialErrorLimit: inputs.dialErrorLimit,
    perDialTimeoutMs: inputs.perDialTimeout * 1000,
  };
}

function parsePrivateKey({ privateKey = "", privateKeyPassword }: ConnectionInputs): unknown {
  const parsed = utils.parseKey(privateKey, privateKeyPassword);
  if (parsed instanceof Error) throw new Error(`ssh: no key found (${parsed.message})`);
  return parsed;
}

function parseHostKey(text: string): Buffer {
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) throw new Error(`ssh: no key found (hostKey: ${parsed.message})`);
  return parsed.getPublicSSH();
}

function assertAgentAnswers(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => (socket.destroy(), resolve()));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`dial unix ${path}: connect: ${error.code === "ENOENT" ? "no such file or directory" : error.message}`)),
    );
  });
}
