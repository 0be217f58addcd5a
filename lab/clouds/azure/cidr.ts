/** A range of IPv4 addresses, both ends included. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly prefixLength: number;
}

/** Undefined for what is no IPv4 address or network; a network's host bits must be zero. */
export function parseCidr(text: string): Range | undefined {
  const [address = "", length = "32", ...more] = text.split("/");
  const parts = address.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN));
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : NaN;
  if (more.length > 0 || parts.length !== 4 || !parts.every((part) => part <= 255) || !(prefixLength <= 32)) return undefined;
  const first = parts.reduce((sum, part) => sum * 256 + part, 0);
  const size = 2 ** (32 - prefixLength);
  return first % size === 0 ? { first, last: first + size - 1, prefixLength } : undefined;
}

export const formatAddress = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");

export const contains = (outer: Range, inner: Range): boolean => outer.first <= inner.first && inner.last <= outer.last;

export const overlaps = (one: Range, other: Range): boolean => one.first <= other.last && other.first <= one.last;

export const formatRange = ({ first, prefixLength }: Range): string => `${formatAddress(first)}/${prefixLength}`;
