import { CloudError } from "../contract";

export interface InstanceType {
  readonly name: string;
  /** As EC2 calls it. */
  readonly architecture: "x86_64" | "arm64";
  readonly vcpus: number;
}

/** A family with `g` behind its generation has AWS's own arm64 processor (https://aws.amazon.com/ec2/instance-types/); `a1` was the first. */
const FAMILY = /^(?:a1|[a-z]{1,3}\d{1,2}(?<options>[a-z]*(?:-[a-z0-9]+)?))$/;

const FAMILIES =
  /^(a1|t2|t3a?|t4g|m[4-8]\w*|c[4-8]\w*|r[4-8]\w*|i[34]\w*|im4gn|is4gen|x[12]\w*|z1d|d[23]\w*|h1|g[3-6]\w*|p[2-6]\w*|inf[12]|trn[12]\w*)$/;

const VCPUS: Readonly<Record<string, number>> = { nano: 2, micro: 2, small: 2, medium: 2, large: 2, xlarge: 4, metal: 96 };

export function instanceType(name: string): InstanceType {
  const [family = "", size = ""] = name.split(".");
  const vcpus = VCPUS[size.replace(/-\d+xl$/, "")] ?? Number(/^(\d+)xlarge$/.exec(size)?.[1]) * 4;
  if (!FAMILIES.test(family) || Number.isNaN(vcpus)) {
    throw new CloudError("InvalidParameterValue", `Invalid value '${name}' for InstanceType.`);
  }
  const options = FAMILY.exec(family)?.groups?.["options"] ?? "";
  const isArm = family === "a1" || options.startsWith("g");
  return { name, architecture: isArm ? "arm64" : "x86_64", vcpus };
}

/** One zone of us-east-1 has only the oldest types (https://repost.aws/knowledge-center/ec2-instance-type-not-supported-az-error). */
export const isOffered = (type: InstanceType, zone: string): boolean => zone !== "us-east-1e" || /^(t2|m4|c4|r4)\./.test(type.name);
