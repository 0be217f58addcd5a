/**
 * The kubelet refuses to start with other labels of Kubernetes' own namespaces in --node-labels
 * (kubernetes/kubernetes: pkg/kubelet/apis/well_known_labels.go, cmd/kubelet/app/options/options.go).
 */
const kubeletNamespaces = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const kubeletLabels = [
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
];

/** Whether a label may stand in the k3s config; all others are set by `wait-ready`, which is no kubelet. */
export function kubeletMaySet(key: string): boolean {
  const namespace = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  const within = (domain: string) => namespace === domain || namespace.endsWith(`.${domain}`);
  if (!within("kubernetes.io") && !within("k8s.io")) return true;
  return kubeletLabels.includes(key) || kubeletNamespaces.some(within);
}
