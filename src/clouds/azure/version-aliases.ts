import * as pulumi from "@pulumi/pulumi";

const VERSIONED = /^azure-native:\w+\/v\d{8}(preview)?:/;

/**
 * azure-native gives each resource an alias for every version of the API, some dozens, for stacks that were written against one of
 * them. No release of this program was; at a thousand nodes the aliases took a quarter of the program's memory, and stood in the state.
 */
const withoutVersions: pulumi.ResourceTransformation = ({ props, opts }) => {
  const { aliases } = opts as pulumi.CustomResourceOptions;
  if (!Array.isArray(aliases)) return undefined;
  return { props, opts: { ...opts, aliases: aliases.filter((alias) => !namesVersion(alias)) } };
};

function namesVersion(alias: unknown): boolean {
  return typeof alias === "object" && alias !== null && "type" in alias && VERSIONED.test(String(alias.type));
}

/** The options of a component whose children are Azure's. */
export function azureComponent(opts: pulumi.ComponentResourceOptions | undefined): pulumi.ComponentResourceOptions {
  return { ...opts, transformations: [...(opts?.transformations ?? []), withoutVersions] };
}
