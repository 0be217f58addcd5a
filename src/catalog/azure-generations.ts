import { exampleTypes } from "./instance-architecture";

/**
 * Series that boot images of generation 1 alone, while every image of ours is of generation 2 (src/clouds/azure/azure-images.ts): the rows without
 * a mark under generation 2 in https://learn.microsoft.com/azure/virtual-machines/generation-2. What stands in no row is left to Azure.
 */
const generation1Series: readonly { readonly series: string; readonly sizes: RegExp; readonly instead: (size: string) => string }[] = [
  { series: "Av2", sizes: /^Standard_A\d+m?_v2$/, instead: () => exampleTypes.azure.amd64 },
  { series: "Dv2", sizes: /^Standard_D\d+_v2(?:_Promo)?$/, instead: (size) => size.replace("_D", "_DS").replace("_Promo", "") },
  { series: "Dv3", sizes: /^Standard_D\d+_v3$/, instead: withPremiumStorage },
  { series: "Ev3", sizes: /^Standard_E\d+i?_v3$/, instead: withPremiumStorage },
  { series: "NC", sizes: /^Standard_NC\d+r?(?:_Promo)?$/, instead: () => "Standard_NC4as_T4_v3" },
  { series: "NV", sizes: /^Standard_NV\d+(?:_Promo)?$/, instead: () => "Standard_NV6ads_A10_v5" },
  { series: "NP", sizes: /^Standard_NP\d+s$/, instead: () => "Standard_NC4as_T4_v3" },
];

/** The series of a size that cannot boot our images, and a size to take in its place; undefined for all others. */
export function generation1Only(size: string): { readonly series: string; readonly instead: string } | undefined {
  const found = generation1Series.find(({ sizes }) => sizes.test(size));
  return found && { series: found.series, instead: found.instead(size) };
}

/** The same machine with the `s` of premium storage, whose series boots both generations. */
function withPremiumStorage(size: string): string {
  return size.replace("_v3", "s_v3");
}
