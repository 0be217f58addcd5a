/**
 * What the disk of a node's machine is called in its resource group. `retryOf`, the vmId of a machine that Azure did not get to run, is given
 * where that one's disk outlives it: a new disk of the same name would be refused.
 */
export const azureDiskName = (node: string, retryOf?: string): string =>
  retryOf === undefined ? `${node}-disk` : `${node}-disk-${retryOf.slice(0, 8)}`;
