import { stringify } from "yaml";

export interface HeadscaleSettings {
  readonly address: string;
  readonly port: number;
  /** The vendor's own name by default, so that hosts log in without --login-server. */
  readonly hostName: string;
  readonly stateDirectory: string;
  readonly socket: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly baseDomain: string;
  /** Ports on loopback: gRPC and metrics cannot be switched off. */
  readonly loopbackPorts: { readonly grpc: number; readonly metrics: number };
  readonly stunPort: number;
}

/** Text of headscale 0.26's config file: https, embedded relay and STUN only, policy in its database, no call outside. */
export function renderHeadscaleConfig(settings: HeadscaleSettings): string {
  const portSuffix = settings.port === 443 ? "" : `:${settings.port}`;
  return stringify({
    server_url: `https://${settings.hostName}${portSuffix}`,
    listen_addr: `${settings.address}:${settings.port}`,
    metrics_listen_addr: `127.0.0.1:${settings.loopbackPorts.metrics}`,
    grpc_listen_addr: `127.0.0.1:${settings.loopbackPorts.grpc}`,
    tls_cert_path: settings.certificateFile,
    tls_key_path: settings.keyFile,
    unix_socket: settings.socket,
    unix_socket_permission: "0700",
    noise: { private_key_path: `${settings.stateDirectory}/noise_private.key` },
    prefixes: { v4: "100.64.0.0/10", v6: "fd7a:115c:a1e0::/48", allocation: "sequential" },
    derp: {
      server: {
        enabled: true,
        region_id: 999,
        region_code: "lab",
        region_name: "Lab",
        stun_listen_addr: `${settings.address}:${settings.stunPort}`,
        private_key_path: `${settings.stateDirectory}/derp_server_private.key`,
        automatically_add_embedded_derp_region: true,
        ipv4: settings.address,
      },
      urls: [],
      paths: [],
      auto_update_enabled: false,
    },
    database: { type: "sqlite", sqlite: { path: `${settings.stateDirectory}/headscale.sqlite`, write_ahead_log: true } },
    policy: { mode: "database" },
    dns: { magic_dns: true, base_domain: settings.baseDomain, override_local_dns: false, nameservers: { global: [] } },
    ephemeral_node_inactivity_timeout: "30m",
    // The default of 0.8 s makes every new peer and route late; the vendor's service is faster than that.
    tuning: { batch_change_delay: "100ms" },
    disable_check_updates: true,
    logtail: { enabled: false },
    log: { level: "info", format: "text" },
  });
}
