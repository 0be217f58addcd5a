import { CloudError } from "../contract";
import { type JsonObject, textAt } from "./json";
import type { CpuArchitecture, VmSize } from "./vm-sizes";

interface PlatformImage {
  readonly architecture: CpuArchitecture;
  readonly generation: 1 | 2;
  readonly exactVersion: string;
}

/** wiki.debian.org/Cloud/MicrosoftAzure and documentation.ubuntu.com/azure: `publisher:offer:sku`. */
const IMAGES: Readonly<Record<string, readonly [CpuArchitecture, 1 | 2]>> = {
  "debian:debian-12:12": ["x64", 1],
  "debian:debian-12:12-gen2": ["x64", 2],
  "debian:debian-12:12-arm64": ["Arm64", 2],
  "debian:debian-13:13": ["x64", 1],
  "debian:debian-13:13-gen2": ["x64", 2],
  "debian:debian-13:13-arm64": ["Arm64", 2],
  "canonical:0001-com-ubuntu-server-jammy:22_04-lts": ["x64", 1],
  "canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2": ["x64", 2],
  "canonical:0001-com-ubuntu-server-jammy:22_04-lts-arm64": ["Arm64", 2],
  "canonical:ubuntu-24_04-lts:server-gen1": ["x64", 1],
  "canonical:ubuntu-24_04-lts:server": ["x64", 2],
  "canonical:ubuntu-24_04-lts:server-arm64": ["Arm64", 2],
};
const LATEST = "1.0.0";

export function requireImage(body: JsonObject): PlatformImage {
  const path = "properties.storageProfile.imageReference";
  const [publisher, offer, sku, version] = ["publisher", "offer", "sku", "version"].map((part) => textAt(body, `${path}.${part}`));
  if (!publisher || !offer || !sku || !version) {
    throw new CloudError("InvalidParameter", "Required parameter 'imageReference' is missing (null).");
  }
  const known = IMAGES[`${publisher}:${offer}:${sku}`.toLowerCase()];
  if (known === undefined || (version !== "latest" && version !== LATEST)) {
    throw new CloudError(
      "PlatformImageNotFound",
      `The platform image '${publisher}:${offer}:${sku}:${version}' is not available. Verify that all fields in the storage profile are correct. For more details about storage profile information, please refer to https://aka.ms/storageprofile`,
      404,
    );
  }
  const [architecture, generation] = known;
  return { architecture, generation, exactVersion: LATEST };
}

export function checkBootable(size: VmSize, image: PlatformImage): void {
  if (size.architecture !== image.architecture) {
    throw new CloudError(
      "BadRequest",
      `Cannot create a VM of size '${size.name}' because this VM size only supports a CPU Architecture of '${size.architecture}', but an image or disk with CPU Architecture '${image.architecture}' was given. Please check that the CPU Architecture of the image or disk is compatible with that of the VM size.`,
    );
  }
  if (!size.generations.includes(image.generation)) {
    throw new CloudError(
      "BadRequest",
      `The selected VM size '${size.name}' cannot boot Hypervisor Generation '${image.generation}'. If this was a Create operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size. If this was an Update operation please select a Hypervisor Generation '${image.generation}' VM Size.`,
    );
  }
}
