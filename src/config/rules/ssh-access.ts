import { createPrivateKey } from "node:crypto";
import { utils } from "ssh2";
import { type ConfigIssue, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";
import { poolsOf } from "../pool-hosts";

/** The curves of RFC 5656, as OpenSSL calls them. */
const sshCurves = ["prime256v1", "secp384r1", "secp521r1"];
const protectedByPassphrase = "is protected by a passphrase, which nobody can type here";
const keyNames = ["sshPrivateKey", "bastionPrivateKey"] as const;

/** How the stack proves itself to hosts: one key, one more for bastions if need be, or the operator's agent. */
export function validateSshAccess(draft: ConfigDraft, given: GivenConfig): readonly ConfigIssue[] {
  return [...validateKeyPresence(draft, given), ...keyNames.flatMap((name) => validateKey(name, given))];
}

export function warnOfSshAccess(draft: ConfigDraft, given: GivenConfig): readonly string[] {
  const unused = given.settings["bastionPrivateKey"] !== undefined && poolsOf(draft).every(({ pool }) => pool.bastion === undefined);
  return unused ? [`${settingPath("bastionPrivateKey")}: no pool has a bastion that would use it.`] : [];
}

function validateKeyPresence({ access }: ConfigDraft, { settings }: GivenConfig): ConfigIssue[] {
  const given = keyNames.filter((name) => settings[name] !== undefined);
  if (access?.sshAgent === true) {
    return given.map((name) => ({
      path: settingPath(name),
      problem: "is set, and access.sshAgent is true",
      remedy: `Keep one of them: \`pulumi config rm hybrid-k3s:${name}\` removes this one.`,
    }));
  }
  if (given.includes("sshPrivateKey")) return [];
  return [
    {
      path: settingPath("sshPrivateKey"),
      problem: "is missing",
      remedy: `Run \`${setCommand("sshPrivateKey")}\`, or set access.sshAgent: true to use your SSH agent.`,
    },
  ];
}

function validateKey(name: (typeof keyNames)[number], { settings, secretKeys }: GivenConfig): ConfigIssue[] {
  const value = settings[name];
  const path = settingPath(name);
  if (value === undefined) return [];
  const plain = secretKeys.has(path)
    ? []
    : [
        {
          path,
          problem: "is a secret kept in plain text",
          remedy: `Run \`${setCommand(name)}\`; if others could read the stack file, make a new key.`,
        },
      ];
  const fault = typeof value === "string" ? faultOfPrivateKey(value) : "is no text";
  return fault === undefined
    ? plain
    : [...plain, { path, problem: fault, remedy: `Give an unencrypted private key as ssh-keygen writes it: \`${setCommand(name)}\`.` }];
}

/** What is said of a key never repeats any of it. */
function faultOfPrivateKey(text: string): string | undefined {
  // The operator needs the key beside the stack too, and OpenSSH does not read this form.
  if (text.startsWith("PuTTY-User-Key-File")) return "is in PuTTY's own format";
  if (text.includes("BEGIN ENCRYPTED PRIVATE KEY")) return protectedByPassphrase;
  if (text.includes("BEGIN PRIVATE KEY")) return faultOfPkcs8(text);
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) return /encrypted|passphrase/i.test(parsed.message) ? protectedByPassphrase : "is no SSH private key";
  return parsed.isPrivateKey() ? undefined : "is a public key";
}

/** OpenSSL's general form, which ssh2 does not read: operator-tools/ssh/ssh-key.mjs hands it over in an older one. */
function faultOfPkcs8(text: string): string | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(text);
    if (asymmetricKeyType === "rsa" || sshCurves.includes(asymmetricKeyDetails?.namedCurve ?? "")) return undefined;
    return `is a PKCS#8 key of a kind that cannot be used in this form (${asymmetricKeyType ?? "unknown"})`;
  } catch {
    return "is no SSH private key";
  }
}

function setCommand(name: string): string {
  return `pulumi config set --secret hybrid-k3s:${name} < ~/.ssh/id_ed25519`;
}
