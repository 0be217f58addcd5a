import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { HostName } from "../../lab/hosts/topology";
import { inState } from "../../lab/paths";
import type { LabContext } from "./lab-context";
import { type Secret, keyLines } from "./secret-search";

interface State {
  readonly deployment: {
    readonly resources?: readonly { readonly type: string; readonly urn: string; readonly outputs?: Record<string, unknown> }[];
  };
}

/** A stack setting that is a secret, in clear. */
export async function secretSetting({ lab, stack }: LabContext, key: string): Promise<string> {
  const { stdout } = await lab.operator.pulumi(["config", "get", key, ...stack.flags]);
  return stdout.trim();
}

/** What the operator brings: SSH key, OAuth secret, the passphrase of the stack's secrets. */
export async function operatorSecrets(context: LabContext): Promise<Secret[]> {
  return [
    ...keyLines("SSH private key", readFileSync(inState("ssh", "operator"), "utf8")),
    { name: "OAuth secret", value: await secretSetting(context, "tailscale:oauthClientSecret") },
    { name: "passphrase", value: readFileSync(inState("operator", "passphrase"), "utf8").trim() },
  ];
}

/** Every auth key in the stack's state: all that were minted for the nodes that it has. */
async function authKeys({ lab, stack }: LabContext): Promise<Secret[]> {
  const { stdout } = await lab.operator.pulumi(["stack", "export", "--show-secrets", "--stack", stack.name]);
  const { deployment } = JSON.parse(stdout) as State;
  return (deployment.resources ?? [])
    .filter(({ type }) => type === "tailscale:index/tailnetKey:TailnetKey")
    .map(({ urn, outputs }) => ({ name: `auth key ${urn.split("::").at(-1) ?? ""}`, value: secretText(outputs?.["key"]) }));
}

/** A value of the state, which has secrets as `plaintext`, in JSON. */
function secretText(value: unknown): string {
  if (typeof value === "string") return value;
  const text = (value as { plaintext?: string } | undefined)?.plaintext;
  if (text === undefined) throw new Error(`no text in ${JSON.stringify(value)}`);
  return JSON.parse(text) as string;
}

interface Kubeconfig {
  readonly users: readonly { readonly user: { readonly "client-key-data": string } }[];
}

/** What the cluster made: its tokens, the admin's key, the nodes' passwords and keys. */
export async function clusterSecrets(context: LabContext, agents: readonly HostName[]): Promise<Secret[]> {
  const server = context.lab.host("rack-1");
  const passwordOf = (token: string) => token.trim().split(":").at(-1) ?? "";
  const { kubeconfig } = await context.stack.outputs();
  const clientKey = (parse(kubeconfig as string) as Kubeconfig).users[0]?.user["client-key-data"] ?? "";
  const tokens = await Promise.all(
    ["token", "agent-token"].map(async (file) => ({
      name: `k3s ${file}`,
      value: passwordOf(await server.readFile(`/var/lib/rancher/k3s/server/${file}`)),
    })),
  );
  const passwords = await Promise.all(
    agents.map(async (name) => ({
      name: `node password of ${name}`,
      value: (await context.lab.host(name).readFile("/etc/rancher/node/password")).trim(),
    })),
  );
  const admin = keyLines("admin's client key", Buffer.from(clientKey, "base64").toString());
  const found = [...tokens, ...passwords, ...admin, ...(await authKeys(context))];
  const empty = found.filter(({ value }) => value.length < 16).map(({ name }) => name);
  if (empty.length > 0 || admin.length === 0) throw new Error(`values to search for are missing: ${empty.join(", ")}`);
  return found;
}
