import { type ConfigIssue, listOf, quote, settingPath } from "./config-issue";
import { providers } from "./schema";

/** Settings that only one provider's pools have. */
const tellingSettings: Readonly<Record<string, (typeof providers)[number]>> = {
  hosts: "bare-metal",
  instanceType: "aws",
  vmSize: "azure",
};

export interface GuessedProviders {
  readonly settings: unknown;
  /** Pools that nothing can be said about: without a provider nobody knows what their settings mean. */
  readonly unclear: readonly string[];
  readonly issues: readonly ConfigIssue[];
}

/** Reports pools with an unknown provider and puts in the one that their settings point to, so that their other faults show too. */
export function guessProviders(settings: unknown): GuessedProviders {
  const pools = isMapping(settings) ? settings["pools"] : undefined;
  if (!isMapping(settings) || !isMapping(pools)) return { settings, unclear: [], issues: [] };
  const faulty = Object.entries(pools).flatMap(([name, pool]) =>
    isMapping(pool) && !isProvider(pool["provider"]) ? [{ name, pool }] : [],
  );
  const guessed = faulty.map(({ name, pool }) => ({ name, pool, provider: guessOf(pool) }));
  const unclear = guessed.filter(({ provider }) => provider === undefined).map(({ name }) => name);
  const others = Object.entries(pools).filter(([name]) => !unclear.includes(name));
  const repaired = guessed.flatMap(({ name, pool, provider }) => (provider === undefined ? [] : [[name, { ...pool, provider }] as const]));
  return {
    settings: { ...settings, pools: { ...Object.fromEntries(others), ...Object.fromEntries(repaired) } },
    unclear,
    issues: faulty.map(({ name, pool }) => unknownProvider(name, pool["provider"])),
  };
}

function unknownProvider(pool: string, provider: unknown): ConfigIssue {
  return {
    path: settingPath("pools", pool, "provider"),
    problem: provider === undefined ? "is missing" : `${quote(provider)} is not known`,
    remedy: `Write ${listOf(providers)}.`,
  };
}

function guessOf(pool: Readonly<Record<string, unknown>>): (typeof providers)[number] | undefined {
  const told = new Set(Object.keys(pool).flatMap((key) => tellingSettings[key] ?? []));
  return told.size === 1 ? [...told][0] : undefined;
}

function isProvider(value: unknown): boolean {
  return (providers as readonly unknown[]).includes(value);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
