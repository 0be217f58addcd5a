import type { PolicyVerdict } from "./accept-policy.mjs";

/** What the operator reads where the live policy may not be taken over: why, the lines that would be lost, what to do. Pure. */
export function policyRefusal(verdict: Pick<PolicyVerdict, "reason" | "lines" | "formerTag">, tag: string, policyPage: string): string;
