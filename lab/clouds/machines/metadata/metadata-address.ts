/** Where both clouds' machines find their metadata service. */
export const METADATA_ADDRESS = "169.254.169.254";

/** Where Azure's machines find their host too: the wire server, and the plugin that tells it what to run (learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16). */
export const WIRE_SERVER = { address: "168.63.129.16", ports: [80, 32526] } as const;
