import type { TailnetPlan } from "../../plan/cluster-plan";
import type { JoinKeyArgs } from "../vpn";

/** The tags of a node's device: the cluster's, and with etcd a second one that servers alone carry. */
export function tagsOf({ tag, cluster: { serverTag } }: TailnetPlan, { isServer }: Pick<JoinKeyArgs, "isServer">): string[] {
  return isServer && serverTag !== undefined ? [tag, serverTag] : [tag];
}
