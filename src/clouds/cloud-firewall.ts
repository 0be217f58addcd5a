/** The one port that is open to the world: where tailscaled listens (join-tailnet.sh), https://tailscale.com/kb/1082/firewall-ports */
export const WIREGUARD_PORT = 41641;

export const everywhere = "0.0.0.0/0";
