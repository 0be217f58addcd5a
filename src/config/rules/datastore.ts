import { X509Certificate, createPrivateKey } from "node:crypto";
import { type ConfigIssue, listOf, quote, settingPath } from "../config-issue";
import { type DatastoreFile, datastoreFiles } from "../datastore-schema";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";
import { integrations } from "../schema";
import { isLoopback, readDatastoreEndpoint } from "../values/datastore-endpoint";
import { validateCaFile } from "../values/validate-ca-file";
import { serverCount } from "./k3s-version";

/** A key of its own, as every secret. */
export const endpointKey = "datastoreEndpoint";
const endpointPath = settingPath(endpointKey);
const setEndpoint = `pulumi config set --secret hybrid-k3s:${endpointKey}`;
const at = (file: DatastoreFile) => settingPath("cluster", "datastoreTls", file);

/** A database of the operator's: its endpoint, the files for its TLS, and what the rest must be with it. */
export function validateDatastore(draft: ConfigDraft, given: GivenConfig): readonly ConfigIssue[] {
  const { cluster } = draft;
  if (cluster?.datastore !== "external") return validateUnused(draft, given);
  return [
    ...validateEndpoint(draft, given),
    ...validateIntegration(draft),
    ...datastoreFiles.flatMap((file) => validateFile(file, given)),
    ...validatePair(draft, given),
  ];
}

function validateUnused({ cluster }: ConfigDraft, { settings }: GivenConfig): ConfigIssue[] {
  const set = "Set cluster.datastore: external, or";
  return [
    ...(settings[endpointKey] === undefined
      ? []
      : [
          {
            path: endpointPath,
            problem: "is set without cluster.datastore: external",
            remedy: `${set} run \`pulumi config rm ${endpointPath}\`.`,
          },
        ]),
    ...(cluster?.datastoreTls === undefined
      ? []
      : [
          {
            path: settingPath("cluster", "datastoreTls"),
            problem: "is set without cluster.datastore: external",
            remedy: `${set} remove it.`,
          },
        ]),
  ];
}

function validateEndpoint(draft: ConfigDraft, { settings, secretKeys }: GivenConfig): ConfigIssue[] {
  const value = settings[endpointKey];
  const path = endpointPath;
  if (value === undefined) return [{ path, problem: "is missing, and cluster.datastore is external", remedy: `Run \`${setEndpoint}\`.` }];
  const plain = {
    path,
    problem: "is a secret kept in plain text",
    remedy: `Run \`${setEndpoint}\`; if others could read the stack file, give the database another password.`,
  };
  const faults = secretKeys.has(path) ? [] : [plain];
  if (typeof value !== "string") return [...faults, { path, problem: "is no text", remedy: `Run \`${setEndpoint}\`.` }];
  const endpoint = readDatastoreEndpoint(value);
  if ("problem" in endpoint) return [...faults, { path, ...endpoint }];
  if (serverCount(draft) < 2 || !endpoint.hosts.some(({ host }) => isLoopback(host))) return faults;
  const problem = "names a host that is each server itself, and there are several servers";
  return [...faults, { path, problem, remedy: "Give it an address that all servers reach." }];
}

function validateIntegration({ vpn }: ConfigDraft): ConfigIssue[] {
  if (vpn === undefined || (vpn.integration ?? "k3s") !== "k3s") return [];
  const others = integrations.filter((integration) => integration !== "k3s");
  return [
    {
      path: settingPath("vpn", "integration"),
      problem:
        "is k3s, and cluster.datastore is external: its servers come and go, and k3s's own VPN flag takes a server out of the tailnet whenever its k3s stops",
      remedy: `Write ${listOf(others, "or")}.`,
    },
  ];
}

const inPem: Readonly<Record<"certFile" | "keyFile", RegExp>> = {
  certFile: /-----BEGIN CERTIFICATE-----/,
  keyFile: /-----BEGIN (EC |RSA )?PRIVATE KEY-----/,
};

function validateFile(file: DatastoreFile, { datastoreTls }: GivenConfig): ConfigIssue[] {
  const found = datastoreTls?.[file];
  if (found === undefined) return [];
  const path = at(file);
  if (file === "caFile") return validateCaFile(path, found, "database");
  const name = quote(found.resolvedPath);
  if (found.text === undefined)
    return [{ path, problem: `${name} cannot be read`, remedy: "Give a path relative to the project's folder, or an absolute one." }];
  if (inPem[file].test(found.text)) return [];
  const what = file === "certFile" ? "certificate in PEM form" : "key in PEM form without a passphrase";
  return [{ path, problem: `${name} holds no ${what}`, remedy: `Give a file with a ${what}.` }];
}

/** Neither is of use without the other, and a key of another certificate only fails once k3s starts. */
function validatePair({ cluster }: ConfigDraft, { datastoreTls }: GivenConfig): ConfigIssue[] {
  const { certFile, keyFile } = cluster?.datastoreTls ?? {};
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [set, missing] = certFile === undefined ? (["keyFile", "certFile"] as const) : (["certFile", "keyFile"] as const);
    return [{ path: at(set), problem: `is set without ${missing}`, remedy: `Set cluster.datastoreTls.${missing}, or remove it.` }];
  }
  const certificate = datastoreTls?.certFile?.text;
  const key = datastoreTls?.keyFile?.text;
  if (certificate === undefined || key === undefined || !inPem.certFile.test(certificate) || !inPem.keyFile.test(key)) return [];
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return [];
  } catch {
    return [
      { path: at("keyFile"), problem: "or certFile cannot be read as PEM", remedy: "Give both as the database's authority made them." },
    ];
  }
  return [{ path: at("keyFile"), problem: "is not the key of certFile", remedy: "Give the key that the certificate was made with." }];
}
