import type { TailnetPlan } from "../../plan/cluster-plan";
import type { JoinKeyArgs } from "../vpn";

/** The tags of a node's device: the cluster's, and with several servers a second one that they alone carry. */
export function tagsOf({ tag, cluster: { serverTag } }: TailnetPlan, { isServer }: Pick<JoinKeyArgs, "isServer">): string[] {
  return isServer && serverTag !== undefined ? [tag, serverTag] : [tag];
}
