import { networksOf } from "../cloud-pools";
import { type ConfigIssue, quote } from "../config-issue";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";

/**
 * A machine's network interface stands in the subscription of its virtual network
 * (https://learn.microsoft.com/azure/virtual-network/virtual-network-network-interface), and azure-native makes all in one.
 */
export function validateAzureSubscription(draft: ConfigDraft, { azureSubscription }: GivenConfig): readonly ConfigIssue[] {
  if (azureSubscription === undefined) return [];
  return networksOf(draft).flatMap(({ written, at }) => {
    const named = written?.subnetId === undefined ? undefined : subscriptionIn(written.subnetId);
    if (named === undefined || named.toLowerCase() === azureSubscription.toLowerCase()) return [];
    return [
      {
        path: at("subnetId"),
        problem: `is in the subscription ${quote(named)}, and the stack makes its machines in another one (azure-native:subscriptionId or ARM_SUBSCRIPTION_ID), where Azure takes no subnet from elsewhere`,
        remedy: "Name a subnet of the stack's subscription; machines in another one need a stack of their own.",
      },
    ];
  });
}

/** The subscription that an id of Azure's begins with. */
export function subscriptionIn(id: string): string | undefined {
  return /^\/subscriptions\/([^/]+)\//i.exec(id)?.[1];
}
