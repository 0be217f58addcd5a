import type * as pulumi from "@pulumi/pulumi";

/** In a preview what is still to be made is unknown; nothing but this property says so without waiting for it. */
export function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  // Kept out of the SDK's types (@pulumi/pulumi 3.270, output.js).
  return (output as unknown as { readonly isKnown: Promise<boolean> }).isKnown;
}
