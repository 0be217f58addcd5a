/**
 * How long before they end k3s's certificates are renewed, in days. A k3s that starts makes those again that have less than 120 days left, before
 * 1.33.1 less than 90 (k3s: pkg/daemons/control/deps/deps.go, CertificateRenewDays), so that a restart this late always does.
 */
export const RENEW_DAYS = 60;

const DAY_MS = 86_400_000;

/**
 * Whether a certificate that ends then, as install-k3s.sh tells it, is to be renewed; false where nobody told.
 * @type {(end: unknown, now?: number) => boolean}
 */
export function endsSoon(end, now = Date.now()) {
  return typeof end === "string" && daysLeft(end, now) < RENEW_DAYS;
}

/** @typedef {"renewal" | "look"} Due `renewal`: certificates end soon, and a restart makes them again; `look`: authorities do, and somebody may have */

/**
 * Why an install of k3s is to run again on its host, by what it told last; nothing where it is not.
 * @type {(result: Readonly<Record<string, unknown>>) => Due | undefined}
 */
export function whatIsDue({ certificatesEnd, authoritiesEnd }) {
  if (endsSoon(certificatesEnd)) return "renewal";
  return endsSoon(authoritiesEnd) ? "look" : undefined;
}

/**
 * Whole days until then, negative once it is past.
 * @type {(end: string, now: number) => number}
 */
export function daysLeft(end, now) {
  return Math.floor((Date.parse(end) - now) / DAY_MS);
}
