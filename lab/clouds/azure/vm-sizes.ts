import { CloudError } from "../contract";

export type CpuArchitecture = "x64" | "Arm64";

export interface VmSize {
  readonly name: string;
  readonly family: string;
  readonly cores: number;
  readonly architecture: CpuArchitecture;
  /** Sizes of the newest versions boot images of generation 2 alone. */
  readonly generations: readonly (1 | 2)[];
}

/** learn.microsoft.com/azure/virtual-machines/vm-naming-conventions: family, cores, features (p is an Arm processor), accelerator, version. */
const SIZE_NAME =
  /^Standard_(?<family>A|B|D|DC|E|EC|F|FX|H|HB|HC|HX|L|M|NC|ND|NG|NP|NV)(?<cores>\d+)(-\d+)?(?<features>[a-z]*)(_[A-Z0-9]+)*(_v(?<version>\d+))?$/;
const FIRST_VERSION_OF_GENERATION_2 = 6;

export function requireSize(name: string, location: string): VmSize {
  const { family, cores, features = "", version = "1" } = SIZE_NAME.exec(name)?.groups ?? {};
  if (family === undefined) {
    throw new CloudError(
      "InvalidParameter",
      `The value ${name} provided for the VM size is not valid. The valid sizes in the current region are those that 'az vm list-sizes --location ${location}' shows.`,
    );
  }
  const architecture = features.includes("p") ? "Arm64" : "x64";
  const isNew = architecture === "Arm64" || Number(version) >= FIRST_VERSION_OF_GENERATION_2;
  return { name, family, cores: Number(cores), architecture, generations: isNew ? [2] : [1, 2] };
}
