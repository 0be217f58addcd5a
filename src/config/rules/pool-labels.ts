import { type ConfigIssue, listOf, quote } from "../config-issue";
import type { ConfigDraft } from "../draft";
import { isLabelKey, isLabelValue, ownLabelPrefix, readTaint, taintEffects } from "../values/kubernetes-names";
import { type PlacedPool, poolsOf } from "../pool-hosts";

/**
 * Labels that k3s or the kubelet writes again and again. Other labels of Kubernetes' own namespaces are fine, also those that the
 * kubelet may not give itself (node-role.kubernetes.io/worker): `wait-ready` sets them as the cluster's admin.
 */
const foreignLabels: Readonly<Record<string, string>> = {
  "kubernetes.io/hostname": "the kubelet",
  "kubernetes.io/os": "the kubelet",
  "kubernetes.io/arch": "the kubelet",
  "beta.kubernetes.io/os": "the kubelet",
  "beta.kubernetes.io/arch": "the kubelet",
  "node-role.kubernetes.io/control-plane": "k3s",
  "node-role.kubernetes.io/master": "k3s",
  "node-role.kubernetes.io/etcd": "k3s",
};

/** Taints below these are Kubernetes' signs of trouble (https://kubernetes.io/docs/reference/labels-annotations-taints/). */
const foreignTaintPrefixes = ["node.kubernetes.io/", "node.cloudprovider.kubernetes.io/"];

export function validateLabels(draft: ConfigDraft): readonly ConfigIssue[] {
  return poolsOf(draft).flatMap((placed) => [...validatePoolLabels(placed), ...validatePoolTaints(placed)]);
}

function validatePoolLabels({ pool, at }: PlacedPool): ConfigIssue[] {
  return Object.entries(pool.labels ?? {}).flatMap(([key, value]) => {
    const path = at("labels", key);
    const owner = key.startsWith(ownLabelPrefix) ? "this stack" : foreignLabels[key];
    if (!isLabelKey(key)) {
      return [
        {
          path,
          problem: "is no legal label key",
          remedy: "Use at most 63 letters, digits, dashes, dots and underscores, with a DNS name and a slash in front if you like.",
        },
      ];
    }
    if (owner !== undefined) return [{ path, problem: `is set by ${owner}`, remedy: "Choose another key." }];
    if (value === undefined || isLabelValue(value)) return [];
    return [
      {
        path,
        problem: `${quote(value)} is no legal label value`,
        remedy: "Use at most 63 letters, digits, dashes, dots and underscores, a letter or digit first and last.",
      },
    ];
  });
}

function validatePoolTaints({ pool, at }: PlacedPool): ConfigIssue[] {
  const seen = new Set<string>();
  return (pool.taints ?? []).flatMap((text, index) => {
    if (text === undefined) return [];
    const path = at("taints", index);
    const taint = readTaint(text);
    if (taint === undefined) {
      return [
        {
          path,
          problem: `${quote(text)} is no legal taint`,
          remedy: `Write key=value:Effect or key:Effect, the effect being ${listOf(taintEffects)}.`,
        },
      ];
    }
    if (foreignTaintPrefixes.some((prefix) => taint.key.startsWith(prefix)))
      return [{ path, problem: `${quote(taint.key)} is set by Kubernetes`, remedy: "Choose another key." }];
    const identity = `${taint.key}:${taint.effect}`;
    if (seen.has(identity))
      return [
        { path, problem: `${quote(identity)} stands in this list twice`, remedy: "Keep one: a node has one taint of a key and effect." },
      ];
    seen.add(identity);
    return [];
  });
}
