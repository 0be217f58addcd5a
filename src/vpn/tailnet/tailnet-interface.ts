/** What tailscaled makes on every node: net/tstun in tailscale's source (DefaultTUNMTU), and the name that k3s relies on (pkg/vpn/vpn.go). */
export const tailnetInterface = { interfaceName: "tailscale0", mtu: 1280, hasPodRoutes: true } as const;
