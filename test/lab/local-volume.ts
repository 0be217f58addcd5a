import { type Kubectl, probeSpec, succeed } from "../../lab/checks/probe-pods";
import { NAMESPACE } from "./budgets";

/**
 * A pod whose volume only this node can use, as the local-path provisioner makes it: a PersistentVolume of the type hostPath with a node
 * affinity. Waits until the claim is bound. The volume is no namespace's: `removeLocalVolume` takes it away.
 */
export async function deployLocalVolume(kubectl: Kubectl, node: string): Promise<void> {
  const storage = "1Mi";
  const accessModes = ["ReadWriteOnce"];
  const claim = { name: "data", namespace: NAMESPACE };
  const onNode = { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] };
  const spec = { capacity: { storage }, accessModes, storageClassName: "local-path", persistentVolumeReclaimPolicy: "Retain" };
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "pvc-lab" },
      // A folder that every host has: nothing is made there.
      spec: { ...spec, claimRef: claim, hostPath: { path: "/opt" }, nodeAffinity: { required: { nodeSelectorTerms: [onNode] } } },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: claim,
      spec: { accessModes, storageClassName: "local-path", volumeName: "pvc-lab", resources: { requests: { storage } } },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "holder", namespace: NAMESPACE },
      spec: { ...probeSpec(["serve"]), volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] },
    },
  ];
  await succeed(kubectl, ["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
  await succeed(kubectl, ["-n", NAMESPACE, "wait", "pvc/data", "--for=jsonpath={.status.phase}=Bound", "--timeout=30s"]);
}

/** Deletes the pod and the claim: the volume is kept, as its policy says, and so is what is on the node's disk. */
export async function releaseLocalVolume(kubectl: Kubectl): Promise<void> {
  await succeed(kubectl, ["-n", NAMESPACE, "delete", "pod/holder", "pvc/data", "--timeout=60s"]);
  await succeed(kubectl, ["wait", "persistentvolume/pvc-lab", "--for=jsonpath={.status.phase}=Released", "--timeout=30s"]);
}

export async function removeLocalVolume(kubectl: Kubectl): Promise<void> {
  await succeed(kubectl, ["delete", "persistentvolume", "pvc-lab", "--wait=false"]);
}
