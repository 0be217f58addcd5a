/**
 * The ports of the probe's pods; host-scripts/verify-node.sh asks them.
 */
const PORTS = { http: 8080, udp: 8081, closed: 8082 };
/** Who could look into the probe's pods would see nothing but what they are asked. */
const NOBODY = 65534;

/**
 * What the probe is made of, as JSON for `kubectl apply`: a pod of agnhost on every node, whatever its taints, with one port that a policy closes. It
 * fits Kubernetes' own Pod Security level `restricted`. Only where a pod is Ready is its closed port known to listen.
 * @type {(namespace: string, image: string) => string}
 */
export function probeManifest(namespace, image) {
  const labels = { app: "hybrid-k3s-verify" };
  const metadata = { name: "probe", namespace };
  const items = [
    {
      ...{ apiVersion: "v1", kind: "Namespace" },
      metadata: { name: namespace, labels: { "app.kubernetes.io/managed-by": "hybrid-k3s-verify" } },
    },
    {
      ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
          {
            ports: [
              { protocol: "TCP", port: PORTS.http },
              { protocol: "UDP", port: PORTS.udp },
            ],
          },
        ],
      },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata },
      spec: { selector: labels, ports: [{ port: PORTS.http, targetPort: PORTS.http }] },
    },
    {
      ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata },
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: "OnDelete" },
        template: { metadata: { labels }, spec: podSpec(image) },
      },
    },
  ];
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** @type {(image: string) => object} */
function podSpec(image) {
  const container = {
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["/agnhost"],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    resources: { requests: { cpu: "1m", memory: "16Mi" } },
  };
  const listens = (/** @type {number} */ port) => ({ httpGet: { path: "/healthz", port }, periodSeconds: 1, timeoutSeconds: 5 });
  return {
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ operator: "Exists" }],
    securityContext: { runAsNonRoot: true, runAsUser: NOBODY, runAsGroup: NOBODY, seccompProfile: { type: "RuntimeDefault" } },
    // What a transfer sends; without it agnhost has nowhere to put it.
    volumes: [{ name: "uploads", emptyDir: { sizeLimit: "1Gi" } }],
    containers: [
      {
        ...container,
        name: "open",
        args: ["netexec", `--http-port=${PORTS.http}`, `--udp-port=${PORTS.udp}`],
        readinessProbe: listens(PORTS.http),
        volumeMounts: [{ name: "uploads", mountPath: "/uploads" }],
      },
      {
        ...container,
        name: "closed",
        args: ["netexec", `--http-port=${PORTS.closed}`, "--udp-port=8083"],
        readinessProbe: listens(PORTS.closed),
      },
    ],
  };
}
