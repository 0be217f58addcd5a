import { readAllPermissions, readPermissions, recordedSuites } from "../../lab/permission-file";
import { type ReadPermission, readInAws, readInAzure } from "./read-permissions";

const HEAD = `<!-- Made by \`make docs\` from docs/permissions and docs/generate/read-permissions.ts: change nothing here. -->

# Permissions

What each credential has to be allowed. The lists are made from the calls that the lab's emulated clouds and API saw in the suites
${suiteNames()}. At the end of each its calls are compared with its list
(docs/permissions): one that is not in it, or does not come any more, is a failure. **None ever was on an account**: the lab's AWS and Azure plugins are
stand-ins, so a real one may ask for more. What the lab cannot see, and is read in source or documentation, stands in tables of its own, and is in the policies below.`;

const TAILSCALE: Readonly<Record<string, string>> = {
  auth_keys: "makes and revokes one key for each node",
  "auth_keys:read": "looks at them",
  "devices:core": "removes the devices of nodes that are gone",
  "devices:core:read": "finds devices by the cluster's tag and their routes",
  "devices:routes": "approves a node's pod route where the policy does not: without it the run names the page to do it on",
  policy_file: "writes the cluster's lines",
  "policy_file:read": "reads the policy, and has changes of it checked",
  services: "with `vpn.apiService` makes the Service in front of the servers, and deletes it",
  "services:read": "with `vpn.apiService` looks whether a Service of that name is there, and at its addresses",
};

function suiteNames(): string {
  const names = recordedSuites().map((suite) => `\`${suite}\``);
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

/** docs/permissions.md. */
export function permissionsPage(): string {
  const seen = readAllPermissions();
  return `${[HEAD, tailscaleText(seen.tailscale), awsText(seen.aws), azureText(seen.azure)].join("\n\n")}\n`;
}

/** Scopes that every suite used are needed; the others are for what their meaning says. */
function tailscaleText(scopes: readonly string[]): string {
  const isNeeded = (scope: string) => recordedSuites().every((suite) => readPermissions(suite).tailscale.includes(scope));
  const row = (scope: string) => `| \`${scope}\` | ${isNeeded(scope) ? "yes" : "optional"} | ${TAILSCALE[scope] ?? ""} |`;
  const missing = scopes.filter((scope) => TAILSCALE[scope] === undefined);
  if (missing.length > 0) throw new Error(`docs/generate/permissions-page.ts does not say what ${missing.join(", ")} is for`);
  return `## Tailscale: scopes of the OAuth client

A scope with write holds its reading half (\`:read\`). So the client needs ${granted(scopes.filter(isNeeded))}, each with write, and its tag has to own the nodes' tag
(see [tailscale.md](tailscale.md)).

| scope | needed | for what |
| --- | --- | --- |
${scopes.map(row).join("\n")}`;
}

function granted(scopes: readonly string[]): string {
  const names = [...new Set(scopes.map((scope) => scope.replace(/:read$/, "")))].map((scope) => `\`${scope}\``);
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

function awsText(seen: readonly string[]): string {
  const statement = { Sid: "HybridK3s", Effect: "Allow", Action: all(seen, readInAws), Resource: "*" };
  return `## AWS: IAM policy

\`ec2:CreateTags\` is asked for by every call that makes something with tags. The first spot machine of an account also needs its service-linked role:
\`aws iam create-service-linked-role --aws-service-name spot.amazonaws.com\`, once, by an administrator. \`Resource\` is \`*\` because most of these
calls take no narrower one; add conditions on \`aws:RequestedRegion\` to hold the credential to your regions. Where a customer managed key
is your account's default for EBS, the credential also needs that key's \`kms:CreateGrant\`, \`kms:Decrypt\`, \`kms:DescribeKey\`,
\`kms:GenerateDataKeyWithoutPlaintext\` and \`kms:ReEncrypt*\` ([AWS's page](https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html)): machines' disks are encrypted.

\`\`\`json
${JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 2)}
\`\`\`

${readText(notSeen(readInAws, seen), "Not seen on the lab, but read in the source of the AWS provider or of this program:")}`;
}

function azureText(seen: readonly string[]): string {
  const role = {
    Name: "hybrid-k3s",
    IsCustom: true,
    Description: "What hybrid-k3s needs for pools in Azure",
    Actions: all(seen, readInAzure),
    NotActions: [],
    AssignableScopes: ["/subscriptions/SUBSCRIPTION"],
  };
  return `## Azure: a role

The scope is the subscription, because the stack makes a resource group for each region. \`join/action\` is asked for by whoever refers to a resource of
the network; with a subnet of your own the role has to hold there too. A subscription that never had machines or networks first has its providers
registered, once, by an administrator: \`az provider register -n Microsoft.Compute\` and \`-n Microsoft.Network\`. (Otherwise azure-native asks for it, which takes
\`Microsoft.Compute/register/action\`, \`Microsoft.Network/register/action\` and \`Microsoft.Resources/subscriptions/providers/read\` on top.) Write the role to \`role.json\`, then \`az role definition create --role-definition role.json\`.

\`\`\`json
${JSON.stringify(role, null, 2)}
\`\`\`

${readText(notSeen(readInAzure, seen), "Read in Azure's documentation, not seen on the lab:")}`;
}

function readText(read: readonly ReadPermission[], head: string): string {
  return `${head}\n\n| right | why |\n| --- | --- |\n${read.map(({ name, why }) => `| \`${name}\` | ${why} |`).join("\n")}`;
}

const notSeen = (read: readonly ReadPermission[], seen: readonly string[]) => read.filter(({ name }) => !seen.includes(name));

const all = (seen: readonly string[], read: readonly ReadPermission[]): readonly string[] =>
  [...new Set([...seen, ...read.map(({ name }) => name)])].sort();
