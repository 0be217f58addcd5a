import type { MachineSpec } from "../../contract";
import type { MetadataRequest, MetadataResponse } from "./metadata-types";

const newestVersions = ["2021-12-13", "2021-11-15", "2021-11-01"];

const refuse = (error: string, also: object = {}): MetadataResponse => ({
  status: 400,
  type: "application/json",
  body: JSON.stringify({ error, ...also }),
});

/** The end of a network's range is not told; its first address is (Azure, "Azure Instance Metadata Service"). */
function subnetOf({ privateAddress, prefixLength }: MachineSpec): { readonly address: string; readonly prefix: string } {
  let bits = prefixLength;
  const bytes = privateAddress.split(".").map((byte) => {
    const kept = Math.min(8, Math.max(0, bits));
    bits -= 8;
    return Number(byte) & (0xff << (8 - kept)) & 0xff;
  });
  return { address: bytes.join("."), prefix: String(prefixLength) };
}

function instance(machine: MachineSpec): Readonly<Record<string, unknown>> {
  const { name, instanceId, region, zone, privateAddress, publicAddress, userData } = machine;
  const mac = `0200${privateAddress
    .split(".")
    .map((byte) => Number(byte).toString(16).padStart(2, "0"))
    .join("")}`.toUpperCase();
  const addresses = [{ privateIpAddress: privateAddress, publicIpAddress: publicAddress ?? "" }];
  return {
    compute: {
      azEnvironment: "AzurePublicCloud",
      location: region,
      name,
      osType: "Linux",
      provider: "Microsoft.Compute",
      userData: Buffer.from(userData).toString("base64"),
      vmId: instanceId,
      zone: zone ?? "",
    },
    network: { interface: [{ ipv4: { ipAddress: addresses, subnet: [subnetOf(machine)] }, ipv6: { ipAddress: [] }, macAddress: mac }] },
  };
}

/** The metadata service of Azure. */
export function answerAzure(machine: MachineSpec, { method, path, query, headers }: MetadataRequest): MetadataResponse {
  if (headers["x-forwarded-for"] !== undefined) return refuse("Bad request. X-Forwarded-For is not allowed");
  if (headers["metadata"]?.toString().toLowerCase() !== "true") return refuse("Bad request. Required metadata header not specified");
  if (method !== "GET") return { status: 405, body: "" };
  if (!/^\d{4}-\d{2}-\d{2}$/.test(query.get("api-version") ?? ""))
    return refuse("Bad request. api-version is invalid or was not specified in the request.", { "newest-versions": newestVersions });
  const [root, kind, ...names] = path.split("/").filter(Boolean);
  if (root !== "metadata" || kind !== "instance") return { status: 404, body: "" };
  let found: unknown = instance(machine);
  for (const name of names) found = typeof found === "object" && found !== null ? (found as Record<string, unknown>)[name] : undefined;
  if (found === undefined) return { status: 404, type: "application/json", body: JSON.stringify({ error: "Not found" }) };
  // Text is for a single value (Azure, "Azure Instance Metadata Service", response format).
  if (typeof found === "string" && query.get("format") === "text") return { status: 200, body: found };
  return { status: 200, type: "application/json", body: JSON.stringify(found) };
}
