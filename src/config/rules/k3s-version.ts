import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { type K3sVersionRule, readK3sVersion, ruleFor } from "../../catalog/k3s-versions";
import { nodesIn, poolsOf } from "../pool-hosts";

const path = settingPath("cluster", "k3sVersion");

export function validateK3sVersion(draft: ConfigDraft): readonly ConfigIssue[] {
  const text = draft.cluster?.k3sVersion;
  if (text === undefined) return [];
  if (readK3sVersion(text) === undefined) {
    return [{ path, problem: `${quote(text)} is no k3s release`, remedy: "Write it as its tag reads, for example v1.35.4+k3s1." }];
  }
  const rule = ruleOf(draft);
  if (rule === undefined || !isRefused(rule, draft) || draft.cluster?.allowUntestedK3s === true) return [];
  return [
    {
      path,
      problem: `${quote(text)} is refused: ${rule.reason}`,
      remedy: `Use ${rule.use}, or set cluster.allowUntestedK3s: true to go on with a warning.`,
    },
  ];
}

export function warnOfK3sVersion(draft: ConfigDraft): readonly string[] {
  const text = draft.cluster?.k3sVersion ?? "";
  const candidate = /-rc\d+\+/.test(text) ? [`${path}: ${quote(text)} is a release candidate.`] : [];
  const rule = ruleOf(draft);
  if (rule === undefined || (isRefused(rule, draft) && draft.cluster?.allowUntestedK3s !== true)) return candidate;
  const when = rule.verdict === "several-servers" && !isRefused(rule, draft) ? "stay with one server: " : "";
  return [...candidate, `${path}: ${quote(text)} was not tested; ${when}${rule.reason}.`];
}

function ruleOf({ cluster, vpn }: ConfigDraft): K3sVersionRule | undefined {
  const version = readK3sVersion(cluster?.k3sVersion ?? "");
  return version === undefined ? undefined : ruleFor(version, vpn?.integration ?? "k3s");
}

function isRefused({ verdict }: K3sVersionRule, draft: ConfigDraft): boolean {
  return verdict === "refused" || (verdict === "several-servers" && serverCount(draft) > 1);
}

export function serverCount(draft: ConfigDraft): number {
  return poolsOf(draft).reduce((sum, { pool }) => sum + (pool.role === "server" ? nodesIn(pool) : 0), 0);
}
