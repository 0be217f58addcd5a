/** RFC 1123 label: what host names, node names and tailnet names may be. */
export function isDnsLabel(text: string, longest = 63): boolean {
  return text.length <= longest && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

/** A DNS name; one whose last label is a number is a mistyped address. */
export function isHostName(text: string): boolean {
  const labels = text.split(".");
  return text.length <= 253 && labels.every((label) => isDnsLabel(label.toLowerCase())) && !/^\d+$/.test(labels[labels.length - 1] ?? "");
}

/** `tag:` and letters, digits and dashes, a letter first (https://tailscale.com/kb/1068/tags). */
export function isTag(text: string): boolean {
  return /^tag:[a-zA-Z][-a-zA-Z0-9]*$/.test(text);
}

/** Tag of the cluster's nodes where `vpn.tag` does not say otherwise: one for each cluster keeps clusters apart. */
export function defaultTag(clusterName: string): string {
  return `tag:k3s-${clusterName}`;
}
