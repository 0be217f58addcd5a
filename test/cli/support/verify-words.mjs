// What the hosts of a small cluster say to `hybrid-k3s verify`.

export const WANTED = {
  ...{ k3sVersion: "v1.35.4+k3s1", tailscaleVersion: "1.88.3", podCidr: "10.42.0.0/16", integration: "k3s" },
  ...{ probeImage: "mirror.example.org/agnhost:2.53", outsideName: "controlplane.tailscale.com" },
};
export const lines = (...texts) => Buffer.from(texts.map((text) => `${text}\n`).join("")).toString("base64");
export const OPENED = {
  nodes: lines("rack-1 server True v1.35.4+k3s1 10.42.0.0/24 100.64.0.1 -", "kiosk-1 agent True v1.35.4+k3s1 10.42.1.0/24 100.64.0.2 -"),
  pods: lines("rack-1 probe-a 10.42.0.5 True", "kiosk-1 probe-b 10.42.1.5 True"),
  service: "10.43.0.77",
  dns: "",
};
/** What a host says that is well and sees its only peer well. */
export function said(name, peer, { pod, cidrs, more = [] }) {
  const unit = name === "rack-1" ? "k3s.service" : "k3s-agent.service";
  return {
    lines: lines(
      ...["k3s-version - v1.35.4+k3s1", "tailscale-version - 1.88.3", `unit ${unit} active 0`, "unit tailscaled.service active 0"],
      ...[
        `marker - ${name} edge`,
        "forwarding - 1",
        "unreachable - unreachable 10.42.0.0/16 metric 4000",
        `tailnet - 100.64.0.1 ${name} true -`,
      ],
      ...[
        `certificate - 2999-01-01T00:00:00Z /x.crt`,
        "disk / 9000000 40%",
        `routes - ${cidrs}`,
        `path ${peer} pong from ${peer} (100.64.0.2) via 192.0.2.1:41641 in 3ms`,
      ],
      ...[
        `pod-http ${peer} {"responses":["${pod}:1"]}`,
        `pod-udp ${peer} {"responses":["${pod}:1"]}`,
        `pod-closed ${peer} {"errors":["connection refused"]}`,
      ],
      ...[`full-packet ${peer} 1280 1`, `node-kubelet ${peer} 401 `, ...more, `end - ${Date.now() / 1000}`],
    ),
  };
}
