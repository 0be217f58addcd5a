import { isWithin, type Network, readCidr } from "../values/cidr";
import { cloudPoolsOf, hasCloudNodes } from "../cloud-pools";
import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";
import { readHostKey, rsaBits } from "../values/ssh-host-key";
import { publicKeyOf } from "../values/ssh-public-key";
import { validateCidr } from "../values/validate-cidr";

const shortestPrefix = 8;
/**
 * AWS and Azure take no others for machines (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html,
 * https://learn.microsoft.com/azure/virtual-machines/linux/mac-create-ssh-keys).
 */
const cloudKeyTypes = ["ssh-ed25519", "ssh-rsa"];
/** Azure's own limit (https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update, SshPublicKey); shorter ones can be broken. */
const leastRsaBits = 2048;
const cidrs = (...parts: readonly number[]) => settingPath("access", "allowedCidrs", ...parts);

/** Who may reach SSH on cloud machines, and with which key. */
export function validateAccess(draft: ConfigDraft, given: GivenConfig): readonly ConfigIssue[] {
  return [...validatePresence(draft), ...validateAllowedCidrs(draft), ...validatePublicKey(draft, given)];
}

export function warnOfAccess(draft: ConfigDraft): readonly string[] {
  const unused = draft.access?.allowedCidrs !== undefined && cloudPoolsOf(draft).length === 0;
  return unused ? [`${cidrs()}: no cloud pool uses it; who may reach SSH on bare-metal hosts is up to their own firewalls.`] : [];
}

function validatePresence(draft: ConfigDraft): ConfigIssue[] {
  const given = draft.access?.allowedCidrs;
  if (given === undefined ? !hasCloudNodes(draft) : given.length > 0) return [];
  const problem = given === undefined ? "is missing, and a cloud pool has nodes" : "is empty, and nobody could reach SSH on cloud machines";
  return [
    { path: cidrs(), problem, remedy: "Name the networks that pulumi runs in as the clouds see them, for example [203.0.113.7/32]." },
  ];
}

function validateAllowedCidrs({ access }: ConfigDraft): ConfigIssue[] {
  return (access?.allowedCidrs ?? []).flatMap((text, index, all) => {
    if (text === undefined) return [];
    const path = cidrs(index);
    if (all.indexOf(text) < index) return [{ path, problem: `${quote(text)} is there already`, remedy: "Remove one of them." }];
    const cidr = readCidr(text);
    if (cidr.kind !== "network") return validateCidr(path, text, "203.0.113.7/32");
    const around = all.find((other) => isAround(other, cidr.network));
    if (around !== undefined) return [{ path, problem: `${quote(text)} is within ${quote(around)}`, remedy: "Remove it." }];
    if (cidr.network.prefix >= shortestPrefix) return [];
    const problem = cidr.network.prefix === 0 ? `${quote(text)} is the whole internet` : `${quote(text)} is a large part of the internet`;
    return [{ path, problem, remedy: `Name your own networks, each a /${shortestPrefix} or smaller, for example 203.0.113.7/32.` }];
  });
}

/** Azure takes no rule whose sources overlap (OverlappingSubnetsNotPermittedInSecurityRule, kubernetes-sigs/cloud-provider-azure#6775). */
function isAround(text: string | undefined, inner: Network): boolean {
  const cidr = text === undefined ? undefined : readCidr(text);
  if (cidr?.kind !== "network" || cidr.network.prefix < shortestPrefix) return false;
  return cidr.network.prefix < inner.prefix && isWithin(inner, cidr.network);
}

function validatePublicKey(draft: ConfigDraft, { settings }: GivenConfig): ConfigIssue[] {
  const written = draft.access?.sshPublicKey;
  const path = settingPath("access", "sshPublicKey");
  if (written !== undefined)
    return [...validateLine(written, path), ...validateKeyType(written, path), ...validatePair(written, path, settings)];
  if (!hasCloudNodes(draft)) return [];
  if (draft.access?.sshAgent === true) {
    return [
      {
        path,
        problem: "is missing: cloud machines must be given the key that your SSH agent holds",
        remedy: "Add one line that `ssh-add -L` prints.",
      },
    ];
  }
  const privateKey = settings["sshPrivateKey"];
  const derived = typeof privateKey === "string" ? publicKeyOf(privateKey) : undefined;
  return derived === undefined ? [] : validateKeyType(derived, settingPath("sshPrivateKey"));
}

/** Machines that let in another key would be made, paid for and never reached. */
function validatePair(line: string, path: string, settings: GivenConfig["settings"]): ConfigIssue[] {
  const privateKey = settings["sshPrivateKey"];
  const derived = typeof privateKey === "string" ? publicKeyOf(privateKey) : undefined;
  if (derived === undefined || readHostKey(line) === undefined || line.trim().split(/\s+/).slice(0, 2).join(" ") === derived) return [];
  return [
    { path, problem: "is not the public half of hybrid-k3s:sshPrivateKey", remedy: "Remove it: it is derived from the private key." },
  ];
}

function validateLine(line: string, path: string): ConfigIssue[] {
  if (line.includes("PRIVATE KEY")) {
    return [{ path, problem: "is a private key, now kept in plain text", remedy: "Give the public key, and make a new pair." }];
  }
  if (readHostKey(line) !== undefined && !line.trim().includes("\n")) return [];
  const remedy = "Write one line as in authorized_keys, its type first, for example the text of ~/.ssh/id_ed25519.pub.";
  return [{ path, problem: `${quote(line)} is no SSH public key`, remedy }];
}

function validateKeyType(line: string, path: string): ConfigIssue[] {
  const [type = ""] = line.trim().split(/\s+/);
  if (readHostKey(line) === undefined) return [];
  if (!cloudKeyTypes.includes(type)) {
    return [{ path, problem: `is a key of the kind ${type}, which the clouds do not take`, remedy: "Use an ed25519 key, or an RSA one." }];
  }
  const bits = rsaBits(line);
  if (bits === undefined || bits >= leastRsaBits) return [];
  const remedy = `Use an ed25519 key, or an RSA one of ${leastRsaBits} bits or more.`;
  return [{ path, problem: `is an RSA key of ${bits} bits, which is too short to be safe, and for Azure to take`, remedy }];
}
