import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudPools, faultsOf } from "../../helpers/config-builder";

const subnetId = "/subscriptions/0B1F6471/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a";
const faultsIn = (azureSubscription?: string) =>
  faultsOf(
    { ...cloudPools({}, { count: 1 }), networks: { azure: { westeurope: { subnetId } } } },
    azureSubscription === undefined ? {} : { azureSubscription },
  );

describe("the rules for Azure's subscription", () => {
  it("accepts a subnet of the stack's subscription, in whatever case, and where only `az login` knows it", () => {
    assert.deepEqual(faultsIn("0b1f6471"), []);
    assert.deepEqual(faultsIn(), []);
  });

  it("refuses a subnet of another subscription, and names no other than the subnet's", () => {
    assert.deepEqual(faultsIn("8d6fa4b1"), [
      'hybrid-k3s:networks.azure.westeurope.subnetId: is in the subscription "0B1F6471", and the stack makes its machines in another one (azure-native:subscriptionId or ARM_SUBSCRIPTION_ID), where Azure takes no subnet from elsewhere. Name a subnet of the stack\'s subscription; machines in another one need a stack of their own.',
    ]);
  });
});
