import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { isConfigSecret } from "../undocumented-pulumi";
import { configError } from "./config-error";
import { datastoreFiles } from "./datastore-schema";
import type { GivenConfig, GivenFile } from "./given-config";
import type { HybridConfig } from "./schema";
import { readDatastoreEndpoint } from "./values/datastore-endpoint";
import { datastoreMarks } from "./values/datastore-marks";
import { publicKeyOf } from "./values/ssh-public-key";
import { validateConfig } from "./validate";

/** Credentials, each from a config key of its own (one nested secret would make a whole object secret). */
export interface StackSecrets {
  readonly sshPrivateKey?: pulumi.Output<string>;
  /** For bastions; absent: sshPrivateKey serves them too. */
  readonly bastionPrivateKey?: pulumi.Output<string>;
  readonly tailscale: TailscaleCredentials;
  /** Present with `cluster.backup.s3`. */
  readonly s3?: S3Credentials;
  /** Present with `cluster.datastore: external`. */
  readonly datastore?: DatastoreSecrets;
  /** Of the mode headscale; absent: only the environment has it. */
  readonly headscaleApiKey?: pulumi.Output<string>;
}

export interface DatastoreSecrets {
  readonly endpoint: pulumi.Output<string>;
  /** `HOST PORT` of where it is reached, one a line. */
  readonly addresses: pulumi.Output<string>;
  /** Contents of what `cluster.datastoreTls` names; absent where it names none. */
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: pulumi.Output<string>;
}

export interface S3Credentials {
  readonly accessKey: pulumi.Output<string>;
  readonly secretKey: pulumi.Output<string>;
}

/** As far as they stand in the stack's config; those in the environment are read by the provider and the tools themselves. */
export interface TailscaleCredentials {
  readonly baseUrl: string;
  readonly tailnet: string;
  readonly apiKey?: pulumi.Output<string>;
  readonly oauthClientId?: pulumi.Output<string>;
  readonly oauthClientSecret?: pulumi.Output<string>;
}

export interface LoadedConfig {
  readonly config: HybridConfig;
  readonly secrets: StackSecrets;
  /** `<project>/<stack>`: what hosts carry in their marker. */
  readonly owner: string;
  /** Contents of `mirror.caFile`; empty where none is given. */
  readonly mirrorCaPem: string;
  /** The same of `vpn.caFile`. */
  readonly vpnCaPem: string;
  /** The same of `cluster.backup.s3.caFile`. */
  readonly s3CaPem: string;
  /** Of `hybrid-k3s:datastoreEndpoint`, with `cluster.datastore: external`. */
  readonly datastoreMarks?: readonly string[];
  /** `access.sshPublicKey`, or the public half of sshPrivateKey; absent where neither is given. */
  readonly sshPublicKey?: string;
  readonly warnings: readonly string[];
}

/** Reads and checks the stack's config; throws one RunError that lists every fault. */
export function loadConfig(): LoadedConfig {
  const given = readGivenConfig();
  const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const { config, issues, warnings } = validateConfig(given);
  if (config === undefined) throw configError(owner, issues);
  return withoutAbsent({
    config,
    secrets: readSecrets(given),
    owner,
    mirrorCaPem: given.mirrorCa?.text ?? "",
    vpnCaPem: given.vpnCa?.text ?? "",
    s3CaPem: given.s3Ca?.text ?? "",
    datastoreMarks: config.cluster.datastore === "external" ? datastoreMarks(String(given.settings["datastoreEndpoint"])) : undefined,
    sshPublicKey: withoutComment(config.access.sshPublicKey) ?? derivedPublicKey(given),
    warnings,
  });
}

/** The comment is no part of the key, and stands in no machine: touching it would look like another key. */
function withoutComment(line: string | undefined): string | undefined {
  return line?.trim().split(/\s+/).slice(0, 2).join(" ");
}

function derivedPublicKey({ settings }: GivenConfig): string | undefined {
  const privateKey = settings["sshPrivateKey"];
  return typeof privateKey === "string" ? publicKeyOf(privateKey) : undefined;
}

function readGivenConfig(): GivenConfig {
  const all = Object.entries(pulumi.runtime.allConfig());
  const below = (prefix: string) =>
    all.filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value] as const);
  const settings = Object.fromEntries(below("hybrid-k3s:").map(([key, value]) => [key, parseSetting(value)]));
  const [mirrorCa, vpnCa] = ["mirror", "vpn"].map((section) => readCa(settings[section]));
  const s3Ca = readCa(valueAt(settings["cluster"], "backup", "s3"));
  const tls = valueAt(settings["cluster"], "datastoreTls");
  const datastoreTls = Object.fromEntries(
    datastoreFiles.flatMap((name) => {
      const file = readFileOf(tls, name);
      return file === undefined ? [] : [[name, file]];
    }),
  );
  // In the provider's order (https://www.pulumi.com/registry/packages/azure-native/installation-configuration).
  const azureSubscription = pulumi.runtime.allConfig()["azure-native:subscriptionId"] || process.env["ARM_SUBSCRIPTION_ID"] || undefined;
  return {
    settings,
    tailscale: Object.fromEntries(below("tailscale:")),
    secretKeys: new Set(all.map(([key]) => key).filter(isConfigSecret)),
    environment: Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (/^(TAILSCALE|HYBRID_K3S)_/.test(name) && value ? [[name, value]] : [])),
    ),
    ...(azureSubscription === undefined ? {} : { azureSubscription }),
    ...(mirrorCa === undefined ? {} : { mirrorCa }),
    ...(vpnCa === undefined ? {} : { vpnCa }),
    ...(s3Ca === undefined ? {} : { s3Ca }),
    ...(Object.keys(datastoreTls).length === 0 ? {} : { datastoreTls }),
  };
}

/** Objects, lists, numbers and booleans arrive as JSON; everything else is text as it stands. */
function parseSetting(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** What stands there, whatever the shape of the rest. */
function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, part) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, part) : undefined), value);
}

/** The file that a section's `caFile` names. */
function readCa(section: unknown): GivenFile | undefined {
  return readFileOf(section, "caFile");
}

function readFileOf(section: unknown, name: string): GivenFile | undefined {
  const given = valueAt(section, name);
  if (typeof given !== "string") return undefined;
  const resolvedPath = isAbsolute(given) ? given : resolve(pulumi.getRootDirectory(), given);
  try {
    return { resolvedPath, text: readFileSync(resolvedPath, "utf8") };
  } catch {
    return { resolvedPath, text: undefined };
  }
}

function readSecrets(given: GivenConfig): StackSecrets {
  const ours = new pulumi.Config("hybrid-k3s");
  const tailscale = new pulumi.Config("tailscale");
  return withoutAbsent({
    sshPrivateKey: ours.getSecret("sshPrivateKey"),
    bastionPrivateKey: ours.getSecret("bastionPrivateKey"),
    tailscale: withoutAbsent({
      baseUrl: given.tailscale["baseUrl"] ?? given.environment["TAILSCALE_BASE_URL"] ?? "https://api.tailscale.com",
      tailnet: given.tailscale["tailnet"] ?? given.environment["TAILSCALE_TAILNET"] ?? "-",
      apiKey: tailscale.getSecret("apiKey"),
      oauthClientId: tailscale.getSecret("oauthClientId"),
      oauthClientSecret: tailscale.getSecret("oauthClientSecret"),
    }),
    headscaleApiKey: ours.getSecret("headscaleApiKey"),
    s3: readS3(ours),
    datastore: readDatastore(ours, given),
  });
}

function readDatastore(ours: pulumi.Config, { datastoreTls: files = {} }: GivenConfig): DatastoreSecrets | undefined {
  const endpoint = ours.getSecret("datastoreEndpoint");
  if (endpoint === undefined) return undefined;
  const key = files.keyFile?.text;
  return withoutAbsent({
    endpoint,
    addresses: endpoint.apply(listAddresses),
    caPem: files.caFile?.text,
    certPem: files.certFile?.text,
    keyPem: key === undefined ? undefined : pulumi.secret(key),
  });
}

function listAddresses(text: string): string {
  const endpoint = readDatastoreEndpoint(text);
  return "problem" in endpoint ? "" : endpoint.hosts.map(({ host, port }) => `${host} ${port}\n`).join("");
}

function readS3(ours: pulumi.Config): S3Credentials | undefined {
  const accessKey = ours.getSecret("s3AccessKey");
  const secretKey = ours.getSecret("s3SecretKey");
  return accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey };
}

type WithoutAbsent<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function withoutAbsent<T extends object>(fields: T): WithoutAbsent<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as WithoutAbsent<T>;
}
