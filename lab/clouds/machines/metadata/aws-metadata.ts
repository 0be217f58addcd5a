import { randomBytes } from "node:crypto";
import type { MachineSpec } from "../../contract";
import type { MetadataRequest, MetadataResponse } from "./metadata-types";

interface Tree {
  readonly [name: string]: string | Tree;
}

/** The longest life of a token: six hours (AWS, "Use the Instance Metadata Service to access instance metadata"). */
const LONGEST_TTL_SECONDS = 21_600;

const hostName = ({ privateAddress }: MachineSpec): string => `ip-${privateAddress.replaceAll(".", "-")}`;

const optional = (name: string, value: string | undefined): Tree => (value === undefined ? {} : { [name]: value });

function metaData(machine: MachineSpec): Tree {
  const { privateAddress, publicAddress, instanceId, region, zone } = machine;
  const localName = `${hostName(machine)}.${region}.compute.internal`;
  const card = `02:00:${privateAddress
    .split(".")
    .map((byte) => Number(byte).toString(16).padStart(2, "0"))
    .join(":")}`;
  const network = { "device-number": "0", "local-ipv4s": privateAddress, mac: card, ...optional("public-ipv4s", publicAddress) };
  return {
    hostname: localName,
    "instance-id": instanceId,
    "local-hostname": localName,
    "local-ipv4": privateAddress,
    mac: card,
    network: { interfaces: { macs: { [card]: { ...network, "vpc-id": "vpc-0" } } } },
    placement: { ...optional("availability-zone", zone), region },
    ...optional("public-ipv4", publicAddress),
  };
}

function content(machine: MachineSpec): Tree {
  const { privateAddress, instanceId, region, zone } = machine;
  const document = { ...optional("availabilityZone", zone), instanceId, privateIp: privateAddress, region, version: "2017-09-30" };
  return {
    dynamic: { "instance-identity": { document: JSON.stringify(document, undefined, 2) } },
    "meta-data": metaData(machine),
    ...(machine.userData === "" ? {} : { "user-data": machine.userData }),
  };
}

/** A folder is listed a name a line, folders in it with a slash. */
const list = (tree: Tree): string =>
  Object.entries(tree)
    .map(([name, value]) => (typeof value === "string" ? name : `${name}/`))
    .join("\n");

function lookUp(tree: Tree, names: readonly string[]): string | undefined {
  let found: string | Tree | undefined = tree;
  for (const name of names) found = typeof found === "object" ? found[name] : undefined;
  return typeof found === "object" ? list(found) : found;
}

/** The metadata service of AWS, version 2 only (HttpTokens: required). */
export class AwsMetadata {
  private readonly tokens = new Map<string, { readonly instanceId: string; readonly ends: number }>();

  answer(machine: MachineSpec, { method, path, headers }: MetadataRequest): MetadataResponse {
    const [version = "", ...names] = path.split("/").filter(Boolean);
    if (method === "PUT" && path === "/latest/api/token") return this.makeToken(machine, headers);
    if (method !== "GET") return { status: 405, body: "" };
    if (!this.isValid(machine, headers["x-aws-ec2-metadata-token"])) return { status: 401, body: "" };
    if (!/^(latest|\d{4}-\d{2}-\d{2})$/.test(version)) return { status: 404, body: "" };
    const body = lookUp(content(machine), names);
    return body === undefined ? { status: 404, body: "" } : { status: 200, body };
  }

  private makeToken(machine: MachineSpec, headers: MetadataRequest["headers"]): MetadataResponse {
    if (headers["x-forwarded-for"] !== undefined) return { status: 403, body: "" };
    const wanted = headers["x-aws-ec2-metadata-token-ttl-seconds"];
    const ttl = typeof wanted === "string" && /^\d+$/.test(wanted) ? Number(wanted) : 0;
    if (ttl < 1 || ttl > LONGEST_TTL_SECONDS) return { status: 400, body: "" };
    const token = `${randomBytes(39).toString("base64url")}AQAE`;
    this.tokens.set(token, { instanceId: machine.instanceId, ends: Date.now() + ttl * 1000 });
    return { status: 200, body: token, headers: { "x-aws-ec2-metadata-token-ttl-seconds": String(ttl) } };
  }

  private isValid(machine: MachineSpec, token: string | readonly string[] | undefined): boolean {
    const known = typeof token === "string" ? this.tokens.get(token) : undefined;
    return known !== undefined && known.instanceId === machine.instanceId && known.ends > Date.now();
  }
}
