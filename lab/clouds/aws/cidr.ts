/** A block of IPv4 addresses as numbers. */
export interface Cidr {
  readonly first: number;
  readonly prefix: number;
  readonly size: number;
}

/** Undefined where the text is no CIDR block or has bits set behind its prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", length = ""] = text.split("/");
  const prefix = Number(length);
  const first = parseAddress(address);
  if (first === undefined || !/^\d{1,2}$/.test(length) || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  return first % size === 0 ? { first, prefix, size } : undefined;
}

export function parseAddress(text: string): number | undefined {
  const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export const formatAddress = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

export const contains = (outer: Cidr, inner: Cidr): boolean =>
  outer.first <= inner.first && inner.first + inner.size <= outer.first + outer.size;

export const overlap = (one: Cidr, other: Cidr): boolean => one.first < other.first + other.size && other.first < one.first + one.size;
