import { CloudError } from "../contract";

/** Zone letters by region (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html); a, b, c where not named. */
const ZONES: Readonly<Record<string, string>> = {
  "us-east-1": "abcdef",
  "us-west-1": "ac",
  "us-west-2": "abcd",
  "ca-central-1": "abd",
  "ap-northeast-1": "acd",
  "ap-northeast-2": "abcd",
};

const REGIONS: readonly string[] = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1"],
  ...["eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3"],
  ...["af-south-1", "il-central-1", "me-central-1", "me-south-1"],
  ...["ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2"],
  ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7"],
];

export function assertRegion(region: unknown): asserts region is string {
  if (typeof region !== "string" || !REGIONS.includes(region)) {
    throw new CloudError("InvalidEndpoint", `there is no region "${String(region)}": its endpoint ec2.${String(region)} does not resolve`);
  }
}

export const zonesOf = (region: string): readonly string[] => [...(ZONES[region] ?? "abc")].map((letter) => `${region}${letter}`);
