import type { Architecture, ImageName } from "../../catalog/images";

/**
 * The public SSM parameter in which the image's owner keeps its present id.
 * Debian: https://wiki.debian.org/Cloud/AmazonEC2Image; Canonical: https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
 */
export function imageParameter(image: ImageName, architecture: Architecture): string {
  switch (image) {
    case "debian-12":
    case "debian-13":
      return `/aws/service/debian/release/${image.slice("debian-".length)}/latest/${architecture}`;
    case "ubuntu-22.04":
      return canonical("22.04", architecture, "gp2");
    case "ubuntu-24.04":
      return canonical("24.04", architecture, "gp3");
  }
}

function canonical(release: string, architecture: Architecture, disk: "gp2" | "gp3"): string {
  return `/aws/service/canonical/ubuntu/server/${release}/stable/current/${architecture}/hvm/ebs-${disk}/ami-id`;
}
