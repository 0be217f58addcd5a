/** Operating systems of cloud machines; each is one image per cloud and architecture. */
export const imageNames = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04"] as const;
export type ImageName = (typeof imageNames)[number];

export const architectures = ["amd64", "arm64"] as const;
export type Architecture = (typeof architectures)[number];
