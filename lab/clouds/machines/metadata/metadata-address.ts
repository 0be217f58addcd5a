/** Where both clouds' machines find their metadata service. */
export const METADATA_ADDRESS = "169.254.169.254";
