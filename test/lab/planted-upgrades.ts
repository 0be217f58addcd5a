import type { LabHost } from "../../lab/hosts/host";
import { k3sUnit } from "./node-restarts";

const dropIn = (host: LabHost) => `/run/systemd/system/${k3sUnit(host)}.d/planted.conf`;

/** From now on k3s of this release ends on the host as soon as it starts, with words of its own: as one that cannot live there. */
export async function breakRelease(host: LabHost, version: string): Promise<void> {
  const lines = [
    "[Service]",
    `ExecStartPre=/bin/sh -c 'k3s --version | grep -qF "${version}" || exit 0; echo "level=fatal msg=planted" >&2; exit 1'`,
  ];
  await host.exec(`mkdir -p "$(dirname ${dropIn(host)})" && cat >${dropIn(host)} && systemctl daemon-reload`, {
    input: `${lines.join("\n")}\n`,
  });
}

/** The cause is gone; k3s is stopped, as somebody does who mends a host. */
export async function mendRelease(host: LabHost): Promise<void> {
  await host.exec(`rm ${dropIn(host)} && systemctl daemon-reload && systemctl stop ${k3sUnit(host)}`);
}

const RULE = (podCidr: string) => `PREROUTING -i tailscale0 -d ${podCidr} -j DROP`;

/** What the tailnet brings for the host's pods is dropped, and the Node is as Ready as before. */
export const closeWayToPods = (host: LabHost, podCidr: string): Promise<string> => host.exec(`iptables -t raw -I ${RULE(podCidr)}`);

export const openWayToPods = (host: LabHost, podCidr: string): Promise<string> => host.exec(`iptables -t raw -D ${RULE(podCidr)}`);

/** The release of k3s that the host has. */
export const releaseOf = async (host: LabHost): Promise<string> => (await host.exec("k3s --version")).split(" ")[2] ?? "";

/** Which run of k3s this is on the host. */
export const runOf = async (host: LabHost): Promise<string> => (await host.exec(`systemctl show -P InvocationID ${k3sUnit(host)}`)).trim();
