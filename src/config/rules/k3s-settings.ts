import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { flagsVersion, isKnownTo, isUnknownFlag, type K3sFlag, k3sFlags, type K3sRole } from "../../catalog/k3s-flags";
import { ownedArguments, type OwnedKey, ownedKeyPrefixes, ownedKeys } from "./k3s-owned-keys";
import { readK3sVersion } from "../../catalog/k3s-versions";
import { nearestAmong } from "../nearest";
import { poolsOf } from "../pool-hosts";

const bothRoles: readonly K3sRole[] = ["server", "agent"];

/** A mapping of k3s settings and the roles that it may be written for. */
interface Settings {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The cluster's settings go to each role that knows them; a pool's must be known to its own. */
  readonly roles: readonly K3sRole[];
}

/** Settings for k3s's own config file: none that this stack decides, none that k3s does not know. */
export function validateK3sSettings(draft: ConfigDraft): readonly ConfigIssue[] {
  return entriesOf(draft).flatMap(([settings, key, value]) => validateSetting(settings, key, value, draft));
}

/** The lists of one release are no others' (k3s has taken settings in and out between minors): a user who knows better is heeded. */
export function warnOfK3sSettings(draft: ConfigDraft): readonly string[] {
  if (draft.cluster?.allowUntestedK3s !== true) return [];
  return entriesOf(draft).flatMap(([{ path, roles }, key]) => {
    const untold = ownedKey(key) === undefined ? whyUnknown(key, roles, draft) : undefined;
    return untold === undefined
      ? []
      : [
          `${keyPath(path, key)}: ${untold}, and goes to it as it is, ` +
            "as cluster.allowUntestedK3s says; k3s does not start with one that it does not know.",
        ];
  });
}

/** Undefined: this release of k3s knows the key, or only another role does. */
function whyUnknown(key: string, roles: readonly K3sRole[], { cluster }: ConfigDraft): string | undefined {
  if (isUnknownFlag(key)) return `is no setting of k3s that is known here (those of k3s ${flagsVersion})`;
  const flag = flagOf(key, roles);
  if (flag === undefined || isKnownTo(readK3sVersion(cluster?.k3sVersion ?? ""), flag)) return undefined;
  const since = flag.since?.map((release) => release.join(".")).join(", ");
  return `is no setting of k3s ${cluster?.k3sVersion} (it came with ${since})`;
}

const flagOf = (key: string, roles: readonly K3sRole[]): K3sFlag | undefined =>
  roles.map((role) => k3sFlags[role][key]).find((flag) => flag !== undefined);

const keyPath = (parent: string, key: string): string => (/^[\w-]+$/.test(key) ? `${parent}.${key}` : `${parent}["${key}"]`);

function entriesOf(draft: ConfigDraft): readonly (readonly [Settings, string, unknown])[] {
  const ofPools = poolsOf(draft).map(({ pool, at }) => ({
    path: at("k3s"),
    values: pool.k3s ?? {},
    roles: pool.role === undefined ? bothRoles : [pool.role],
  }));
  const all: readonly Settings[] = [
    { path: settingPath("cluster", "k3s"), values: draft.cluster?.k3s ?? {}, roles: bothRoles },
    ...ofPools,
  ];
  return all.flatMap((settings) => Object.entries(settings.values).map(([key, value]) => [settings, key, value] as const));
}

function validateSetting({ path: parent, roles }: Settings, key: string, value: unknown, draft: ConfigDraft): ConfigIssue[] {
  const path = keyPath(parent, key);
  const owned = ownedKey(key);
  if (owned !== undefined) {
    const ours = typeof owned.ours === "string" ? owned.ours : owned.ours(draft);
    return [{ path, problem: `is decided by this stack (${ours})`, remedy: owned.instead }];
  }
  const untold = whyUnknown(key, roles, draft);
  if (untold !== undefined && draft.cluster?.allowUntestedK3s !== true) return [unknownToK3s(path, untold, key, roles)];
  const flag = flagOf(key, roles);
  if (flag === undefined) return untold === undefined ? [ofOtherRole(path, key, roles)] : [];
  return value === undefined ? [] : [...validateKind(path, flag.takes, value), ...validateArguments(path, key, value)];
}

function ownedKey(key: string): OwnedKey | undefined {
  const prefix = Object.keys(ownedKeyPrefixes).find((start) => key.startsWith(start));
  return ownedKeys[key] ?? (prefix === undefined ? undefined : ownedKeyPrefixes[prefix]);
}

function ofOtherRole(path: string, key: string, roles: readonly K3sRole[]): ConfigIssue {
  const elsewhere = bothRoles.find((role) => key in k3sFlags[role]);
  return {
    path,
    problem: `is a setting of k3s ${elsewhere}s only, and this pool has the role ${roles.join()}`,
    remedy: "Remove it, or move it to cluster.k3s: there it goes to the nodes that know it.",
  };
}

function unknownToK3s(path: string, problem: string, key: string, roles: readonly K3sRole[]): ConfigIssue {
  const known = [...new Set(roles.flatMap((role) => Object.keys(k3sFlags[role])))];
  const meant = isUnknownFlag(key) ? nearestAmong(key, known) : undefined;
  return {
    path,
    problem,
    remedy:
      meant === undefined
        ? "Remove it; or, where `k3s server --help` or `k3s agent --help` of your release lists it, set cluster.allowUntestedK3s: true to go on with a warning."
        : `Did you mean ${meant}?`,
  };
}

function validateKind(path: string, takes: string, value: unknown): ConfigIssue[] {
  if (takes === "boolean" && typeof value !== "boolean")
    return [{ path, problem: `is ${quote(value)}, and k3s wants a switch`, remedy: "Write true or false." }];
  if (takes === "value" && (Array.isArray(value) || typeof value === "boolean"))
    return [{ path, problem: `is ${quote(value)}, and k3s wants one value`, remedy: "Write one text or number." }];
  if (takes === "list" && typeof value === "boolean")
    return [{ path, problem: `is ${quote(value)}, and k3s wants a list`, remedy: "Write a list of texts." }];
  return [];
}

function validateArguments(path: string, key: string, value: unknown): ConfigIssue[] {
  const owned = ownedArguments[key];
  if (owned === undefined) return [];
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  return given.flatMap((argument, index) => {
    const flag = String(argument).replace(/^--/, "").split("=")[0] ?? "";
    const instead = owned[flag];
    return instead === undefined
      ? []
      : [{ path: Array.isArray(value) ? `${path}[${index}]` : path, problem: `${quote(flag)} is decided by this stack`, remedy: instead }];
  });
}
