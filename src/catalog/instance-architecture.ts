import type { Architecture } from "./images";
import type { CloudProvider } from "./regions";

export type ReadInstanceType = { readonly kind: "known"; readonly architecture: Architecture } | { readonly kind: "macos" | "malformed" };

/** A type of each architecture, for messages. */
export const exampleTypes: Readonly<Record<CloudProvider, Readonly<Record<Architecture, string>>>> = {
  aws: { amd64: "t3.large", arm64: "t4g.large" },
  azure: { amd64: "Standard_D2s_v5", arm64: "Standard_D2ps_v5" },
};

export function readInstanceType(provider: CloudProvider, type: string): ReadInstanceType {
  return provider === "aws" ? readAwsType(type) : readAzureSize(type);
}

/**
 * Series, generation, attributes, options and size, as in `c7gn.xlarge`, `u-12tb1.112xlarge`, `p6e-gb200.36xlarge`
 * (https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html): `g` among the attributes is AWS Graviton.
 */
function readAwsType(type: string): ReadInstanceType {
  if (/^mac[-\d]/.test(type)) return { kind: "macos" };
  const match = /^([a-z]+)(?:-\d+tb)?(\d+)([a-z]*)(?:-([a-z0-9]+))?\.(?:nano|micro|small|medium|large|\d*xlarge|metal(?:-\d+xl)?)$/.exec(
    type,
  );
  if (match === null) return { kind: "malformed" };
  const [, series = "", generation = "", attributes = "", option = ""] = match;
  const isArm = attributes.includes("g") || `${series}${generation}` === "a1" || isGraceBlackwell(option);
  return { kind: "known", architecture: isArm ? "arm64" : "amd64" };
}

/**
 * Family, vCPUs, constrained vCPUs, features, accelerator, memory and version, as in `Standard_E4-2pds_v6`, `Standard_NC4as_T4_v3`
 * (https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions): `p` among the features is an Arm processor.
 */
function readAzureSize(size: string): ReadInstanceType {
  const match = /^(?:Standard|Basic)_[A-Z]+\d+(?:-\d+)?([a-z]*)((?:_[A-Za-z0-9]+)*)$/.exec(size);
  if (match === null) return { kind: "malformed" };
  const [, features = "", rest = ""] = match;
  const isArm = features.includes("p") || rest.split("_").some((part) => isGraceBlackwell(part.toLowerCase()));
  return { kind: "known", architecture: isArm ? "arm64" : "amd64" };
}

/** NVIDIA's GB200 and its like have Grace, an Arm processor, beside the GPUs (https://www.nvidia.com/en-us/data-center/gb200-nvl72/). */
function isGraceBlackwell(part: string): boolean {
  return /^gb\d+/.test(part);
}
