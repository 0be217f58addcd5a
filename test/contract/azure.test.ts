import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Azure, GROUP, network, networkId, nic, refused, rule, subnetId, wall } from "./azure-fixture";

const ADDRESS = { location: "westeurope", sku: { name: "Standard" }, properties: { publicIPAllocationMethod: "Static" } };

describe("resources of Azure", { concurrency: 8 }, () => {
  // https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
  it("accepts a PUT at once and finishes it later", async () => {
    const azure = new Azure();
    const { status, body, operation } = await azure.ask("Put", { id: GROUP, body: { location: "West Europe" } });
    assert.equal(status, 201);
    assert.deepEqual((body as { properties: unknown }).properties, { provisioningState: "Creating" });
    await azure.finished({ operation });
    const group = await azure.get(GROUP);
    assert.equal(group["location"], "westeurope");
    assert.deepEqual(group["properties"], { provisioningState: "Succeeded" });
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found
  it("knows no resource without its group", async () => {
    const azure = new Azure();
    await refused(azure.put(networkId("virtualNetworks", "net"), network(["10.9.0.0/16"])), "ResourceGroupNotFound");
    await refused(azure.get(networkId("virtualNetworks", "net")), "ResourceGroupNotFound");
    await azure.put(GROUP, { location: "westeurope" });
    await refused(azure.get(networkId("virtualNetworks", "net")), "ResourceNotFound", /aka\.ms\/ARMResourceNotFoundFix/);
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
  it("refuses names and ids that are not Azure's", async () => {
    const azure = new Azure();
    await refused(azure.put("/subscriptions/mine/resourceGroups/edge", { location: "westeurope" }), "InvalidSubscriptionId");
    await refused(azure.put(`${GROUP}.`, { location: "westeurope" }), "InvalidParameter");
    await azure.put(GROUP, { location: "westeurope" });
    await refused(azure.put(networkId("virtualNetworks", "x".repeat(65)), network(["10.9.0.0/16"])), "InvalidResourceName");
    await refused(azure.put(networkId("virtualNetworks", "net-"), network(["10.9.0.0/16"])), "InvalidResourceName");
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-not-available (locations) and /management/move-limitations
  it("refuses a location that does not exist, and keeps a resource where it is", async () => {
    const azure = new Azure();
    await refused(azure.put(GROUP, { location: "eu-central-1" }), "LocationNotAvailableForResourceGroup");
    await azure.put(GROUP, { location: "westeurope" });
    await refused(azure.put(GROUP, { location: "northeurope" }), "InvalidResourceGroupLocation");
    const id = networkId("networkSecurityGroups", "wall");
    await refused(azure.put(id, { ...wall([]), location: "moon" }), "LocationNotAvailableForResourceType");
    await azure.put(id, wall([]));
    await refused(azure.put(id, { ...wall([]), location: "northeurope" }), "InvalidResourceLocation");
  });

  // https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq
  it("keeps subnets inside the network and apart, and its own addresses", async () => {
    const azure = await new Azure().withNetwork();
    await refused(azure.put(subnetId("out"), { properties: { addressPrefix: "10.8.0.0/24" } }), "NetcfgSubnetRangeOutsideVnet");
    await refused(azure.put(subnetId("twice"), { properties: { addressPrefix: "10.9.1.128/25" } }), "NetcfgSubnetRangesOverlap");
    const { properties } = await azure.get(networkId("networkInterfaces", "nic"));
    const [configuration] = (properties as { ipConfigurations: { properties: { privateIPAddress: string } }[] }).ipConfigurations;
    assert.equal(configuration?.properties.privateIPAddress, "10.9.1.4");
    const { properties: held } = await azure.get(networkId("virtualNetworks", "net"));
    assert.deepEqual(
      (held as { subnets: { name: string }[] }).subnets.map(({ name }) => name),
      ["private"],
    );
  });

  // https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/create-or-update: the list in a PUT is the whole list
  it("deletes the subnets that a network's own list leaves out", async () => {
    const azure = new Azure();
    await azure.put(GROUP, { location: "westeurope" });
    const id = networkId("virtualNetworks", "net");
    await azure.put(id, network(["10.9.0.0/16"]));
    await azure.put(subnetId("one"), { properties: { addressPrefix: "10.9.1.0/24" } });
    await azure.put(id, { location: "westeurope", properties: { addressSpace: { addressPrefixes: ["10.9.0.0/16"] }, subnets: [] } });
    await refused(azure.get(subnetId("one")), "NotFound");
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors (AnotherOperationInProgress)
  it("changes one subnet of a network at a time", async () => {
    const azure = await new Azure().withNetwork();
    const first = azure.put(subnetId("one"), { properties: { addressPrefix: "10.9.2.0/24" } });
    await refused(azure.put(subnetId("two"), { properties: { addressPrefix: "10.9.3.0/24" } }), "AnotherOperationInProgress");
    await first;
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and learn.microsoft.com/troubleshoot/azure/virtual-network
  it("deletes nothing that is in use", async () => {
    const azure = await new Azure().withNetwork();
    await refused(azure.delete(subnetId("private")), "InUseSubnetCannotBeDeleted", /nic\/ipConfigurations\/primary/);
    await refused(azure.delete(networkId("virtualNetworks", "net")), "InUseSubnetCannotBeDeleted");
    await refused(azure.delete(networkId("networkSecurityGroups", "wall")), "InUseNetworkSecurityGroupCannotBeDeleted");
    await azure.delete(networkId("networkInterfaces", "nic"));
    await azure.delete(networkId("networkSecurityGroups", "wall"));
    await azure.delete(networkId("virtualNetworks", "net"));
    assert.deepEqual(await azure.ask("Delete", { id: subnetId("private") }), { status: 204 });
  });

  // https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses, https://learn.microsoft.com/azure/nat-gateway/nat-overview
  it("has static Standard addresses, which NAT gateways hold", async () => {
    const azure = await new Azure().withNetwork();
    const [address, gateway] = [networkId("publicIPAddresses", "out"), networkId("natGateways", "nat")];
    await refused(
      azure.put(address, { ...ADDRESS, properties: { publicIPAllocationMethod: "Dynamic" } }),
      "StandardSkuPublicIPAddressesMustBeStatic",
    );
    const { properties } = await azure.put(address, ADDRESS);
    assert.match((properties as { ipAddress: string }).ipAddress, /^203\.0\.113\.\d+$/);
    await refused(azure.put(address, { ...ADDRESS, zones: ["1"] }), "ResourceAvailabilityZonesCannotBeModified");
    await azure.put(gateway, { location: "westeurope", sku: { name: "Standard" }, properties: { publicIpAddresses: [{ id: address }] } });
    await azure.put(subnetId("private"), { properties: { addressPrefix: "10.9.1.0/24", natGateway: { id: gateway } } });
    await refused(azure.delete(address), "PublicIPAddressCannotBeDeleted");
    await refused(azure.delete(gateway), "InUseNatGatewayCannotBeDeleted");
    const { properties: held } = await azure.get(address);
    assert.deepEqual((held as { natGateway: unknown }).natGateway, { id: gateway });
  });

  // https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
  it("refuses rules that Azure could not order", async () => {
    const azure = await new Azure().withNetwork();
    const id = networkId("networkSecurityGroups", "other");
    await refused(azure.put(id, wall([rule("a", 99, "Allow", "Tcp", "22", "*")])), "SecurityRuleInvalidPriority");
    const twice = [rule("a", 100, "Allow", "Tcp", "22", "*"), rule("b", 100, "Allow", "Udp", "41641", "*")];
    await refused(azure.put(id, wall(twice)), "SecurityRuleConflict");
    await refused(azure.put(id, wall([rule("a", 100, "Allow", "Tcp", "22", "10.0.0.1/8")])), "SecurityRuleInvalidAddressPrefix");
    // https://github.com/kubernetes-sigs/cloud-provider-azure/issues/6775
    const { name, properties } = rule("a", 100, "Allow", "Tcp", "22", "") as { name: string; properties: object };
    const from = (...sourceAddressPrefixes: string[]) => wall([{ name, properties: { ...properties, sourceAddressPrefixes } }]);
    await refused(azure.put(id, from("10.0.0.0/8", "10.1.0.0/16")), "OverlappingSubnetsNotPermittedInSecurityRule");
    await azure.put(id, from("10.0.0.0/8", "11.0.0.0/8"));
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-invalid-reference
  it("refuses references to what is not there, or elsewhere", async () => {
    const azure = await new Azure().withNetwork();
    await refused(azure.put(networkId("networkInterfaces", "lost"), nic("nowhere")), "InvalidResourceReference");
    await refused(
      azure.put(networkId("networkInterfaces", "far"), { ...nic("private"), location: "northeurope" }),
      "InvalidResourceReference",
    );
  });

  // https://learn.microsoft.com/azure/azure-resource-manager/management/delete-resource-group
  it("deletes all content of a group with the group", async () => {
    const azure = await new Azure().withNetwork();
    await azure.delete(GROUP);
    const left = Object.values(await azure.admin("inventory")) as readonly unknown[][];
    assert.deepEqual(left.flat(), []);
    await refused(azure.delete(networkId("virtualNetworks", "net")), "ResourceGroupNotFound");
  });
});
