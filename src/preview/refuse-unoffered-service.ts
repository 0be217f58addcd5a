import type { TailnetPlan } from "../plan/cluster-plan";
import { askControl } from "../vpn/tailnet/ask-control";
import type { Vpn } from "../vpn/vpn";

/**
 * Looks, at preview too, whether the tailnet can have the Service that the config asks for. Throws one RunError where its API knows no Services, the
 * credential may not make one, or one of this name is somebody else's, which the provider would overwrite without a word.
 */
export async function refuseUnofferedService({ apiService }: TailnetPlan, { access }: Pick<Vpn, "access">): Promise<void> {
  if (apiService === undefined) return;
  await askControl(access, async (control) => control.requireService?.(apiService));
}
