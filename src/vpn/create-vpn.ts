import type { StackSecrets } from "../config/load";
import type { TailnetPlan } from "../plan/cluster-plan";
import { HeadscaleVpn } from "./tailnet/headscale-vpn";
import { TailscaleVpn } from "./tailnet/tailscale-vpn";
import type { Vpn } from "./vpn";

/** The VPN of the plan's mode. The others that the schema knows are refused by validation until they stand here. */
export function createVpn(plan: TailnetPlan, secrets: StackSecrets): Vpn {
  const { control } = plan;
  switch (control.mode) {
    case "tailscale":
      return new TailscaleVpn(plan, secrets.tailscale);
    case "headscale":
      return new HeadscaleVpn(plan, control, secrets.headscaleApiKey);
  }
}
