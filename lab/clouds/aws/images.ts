import { createHash } from "node:crypto";
import { CloudError } from "../contract";
import type { InstanceType } from "./instance-types";

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly architecture: InstanceType["architecture"];
  readonly rootDeviceName: string;
}

interface Published {
  readonly parameter: string;
  readonly system: string;
  readonly architecture: InstanceType["architecture"];
  readonly rootDeviceName: string;
}

const ARCHITECTURES = [
  ["amd64", "x86_64"],
  ["arm64", "arm64"],
] as const;

/** Public parameters: https://wiki.debian.org/Cloud/AmazonEC2Image, https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
const PUBLISHED: readonly Published[] = ARCHITECTURES.flatMap(([name, architecture]) => [
  ...["12", "13"].map((release) => ({
    parameter: `/aws/service/debian/release/${release}/latest/${name}`,
    system: `debian-${release}-${name}`,
    architecture,
    rootDeviceName: "/dev/xvda",
  })),
  // 24.04 is published on gp3 only, the releases before it on gp2 only.
  ...[
    ["22.04", "gp2"],
    ["24.04", "gp3"],
  ].map(([release, volume]) => ({
    parameter: `/aws/service/canonical/ubuntu/server/${release}/stable/current/${name}/hvm/ebs-${volume}/ami-id`,
    system: `ubuntu-${release}-${name}`,
    architecture,
    rootDeviceName: "/dev/sda1",
  })),
]);

/** Every image has 8 GiB. */
export const IMAGE_SIZE_GIB = 8;

/** Machine images, other ids in each region; older ones stay launchable when new ones are published. */
export class Images {
  private generation = 1;

  publishNew(): void {
    this.generation++;
  }

  /** What Systems Manager answers, with how often it changed. */
  parameter(region: string, name: string): { readonly value: string; readonly version: number } {
    const published = PUBLISHED.find(({ parameter }) => parameter === name);
    if (published === undefined) throw new CloudError("ParameterNotFound", "");
    return { value: imageId(region, published, this.generation), version: this.generation };
  }

  find(region: string, id: string): Image {
    if (!/^ami-[0-9a-f]{17}$/.test(id)) throw new CloudError("InvalidAMIID.Malformed", `Invalid id: "${id}"`);
    for (let generation = this.generation; generation > 0; generation--) {
      const published = PUBLISHED.find((candidate) => imageId(region, candidate, generation) === id);
      if (published === undefined) continue;
      const { architecture, rootDeviceName, system } = published;
      return { id, name: `${system}-${generation}`, architecture, rootDeviceName };
    }
    throw new CloudError("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);
  }
}

const imageId = (region: string, { system }: Published, generation: number): string =>
  `ami-${createHash("sha256").update(`${region}/${system}/${generation}`).digest("hex").slice(0, 17)}`;
