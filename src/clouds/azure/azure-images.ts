import type { Architecture, ImageName } from "../../catalog/images";

export interface ImageReference {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  /** Resolved by Azure when the machine is made, and kept by it. */
  readonly version: "latest";
}

interface MarketplaceImage {
  readonly publisher: string;
  readonly offer: string;
  readonly skus: Readonly<Record<Architecture, string>>;
}

/** Generation 2 images in the marketplace. https://wiki.debian.org/Cloud/MicrosoftAzure, https://documentation.ubuntu.com/azure/azure-how-to/instances/find-ubuntu-images/ */
const IMAGES: Readonly<Record<ImageName, MarketplaceImage>> = {
  "debian-12": { publisher: "Debian", offer: "debian-12", skus: { amd64: "12-gen2", arm64: "12-arm64" } },
  "debian-13": { publisher: "Debian", offer: "debian-13", skus: { amd64: "13-gen2", arm64: "13-arm64" } },
  "ubuntu-22.04": {
    publisher: "Canonical",
    offer: "0001-com-ubuntu-server-jammy",
    skus: { amd64: "22_04-lts-gen2", arm64: "22_04-lts-arm64" },
  },
  "ubuntu-24.04": { publisher: "Canonical", offer: "ubuntu-24_04-lts", skus: { amd64: "server", arm64: "server-arm64" } },
};

export function imageReference(image: ImageName, architecture: Architecture): ImageReference {
  const { publisher, offer, skus } = IMAGES[image];
  return { publisher, offer, sku: skus[architecture], version: "latest" };
}
