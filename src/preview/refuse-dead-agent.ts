import * as pulumi from "@pulumi/pulumi";
import { OpenSSHAgent } from "ssh2";
import { settingPath } from "../config/config-issue";

// An agent that asks a person for each use answers a list of its keys at once; one that hangs is of no use to a run.
const ANSWER_MS = 5000;

/**
 * Where hosts are to be reached by the operator's agent (`access.sshAgent`), asks it for its keys, at preview too: without one every host
 * would refuse the login, after some were made. Throws one RunError.
 */
export async function refuseDeadAgent({ sshAgent }: { readonly sshAgent: boolean }, socket = process.env["SSH_AUTH_SOCK"]): Promise<void> {
  if (!sshAgent) return;
  const seen = socket ? await faultOf(socket) : "there is none: SSH_AUTH_SOCK is not set";
  if (seen === undefined) return;
  throw new pulumi.RunError(
    `${settingPath("access", "sshAgent")} is true, and the SSH agent cannot be used (${seen}); nothing was made. ` +
      'Start one and give it the key (eval "$(ssh-agent)"; ssh-add), or forward yours (ssh -A), and run again. In tmux and screen SSH_AUTH_SOCK ' +
      "may be an old session's: log in there again. Without an agent: access.sshAgent: false and `pulumi config set --secret hybrid-k3s:sshPrivateKey`.",
  );
}

function faultOf(socket: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`${socket} does not answer within ${ANSWER_MS / 1000} s`), ANSWER_MS);
    new OpenSSHAgent(socket).getIdentities((error, keys) => {
      clearTimeout(timer);
      if (error) resolve(`${socket} does not answer: ${error.message}`);
      else resolve(keys === undefined || keys.length === 0 ? `the one at ${socket} holds no key` : undefined);
    });
  });
}
