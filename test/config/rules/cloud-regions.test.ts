import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudPools, faultsOf } from "../../helpers/config-builder";

describe("the rules for cloud regions", () => {
  it("refuses an unknown region, and names the nearest", () => {
    assert.deepEqual(faultsOf(cloudPools({ region: "eu-centrl-1" }, { region: "West Europe" })), [
      'hybrid-k3s:pools.burst.region: "eu-centrl-1" is no region of aws that is known. Did you mean eu-central-1?',
      'hybrid-k3s:pools.burst-az.region: "West Europe" is no region of azure that is known. Did you mean westeurope?',
    ]);
  });

  it("lists the regions where none is near", () => {
    const [fault] = faultsOf(cloudPools({ region: "moon" }));
    assert.match(
      fault ?? "",
      /^hybrid-k3s:pools\.burst\.region: "moon" is no region of aws that is known\. Take one of us-east-1, us-east-2, /,
    );
  });

  it("tells a region of the other provider", () => {
    assert.deepEqual(faultsOf(cloudPools({ region: "westeurope" }, { region: "eu-west-1" })), [
      'hybrid-k3s:pools.burst.region: "westeurope" is a region of azure. Take one of aws, for example eu-central-1.',
      'hybrid-k3s:pools.burst-az.region: "eu-west-1" is a region of aws. Take one of azure, for example westeurope.',
    ]);
  });

  it("refuses regions that need accounts of their own", () => {
    assert.deepEqual(faultsOf(cloudPools({ region: "us-gov-west-1" }, { region: "chinaeast2" })), [
      'hybrid-k3s:pools.burst.region: "us-gov-west-1" is in a part of aws that needs accounts of its own, and is not available yet. Take a commercial region, for example eu-central-1.',
      'hybrid-k3s:pools.burst-az.region: "chinaeast2" is in a part of azure that needs accounts of its own, and is not available yet. Take a commercial region, for example westeurope.',
    ]);
  });

  it("refuses networks of unknown regions", () => {
    assert.deepEqual(faultsOf({ networks: { azure: { "west-europe": {} } } }), [
      'hybrid-k3s:networks.azure.west-europe: "west-europe" is no region of azure that is known. Did you mean westeurope?',
    ]);
  });

  const metal = { "pools.rack.jurisdiction": "eu", "pools.edge.jurisdiction": "eu" };

  it("refuses a region outside the allowed jurisdictions, and names those that would do", () => {
    const pools = { ...cloudPools({ region: "us-east-1" }, { region: "norwayeast" }), ...metal };
    assert.deepEqual(faultsOf({ ...pools, "cluster.allowedJurisdictions": ["eu"] }), [
      'hybrid-k3s:pools.burst.region: "us-east-1" is in "us", none of it among cluster.allowedJurisdictions. Within "eu" are eu-central-1, eu-north-1, eu-south-1, eu-south-2, eu-west-1 and eu-west-3; take one of them, or change cluster.allowedJurisdictions.',
      'hybrid-k3s:pools.burst-az.region: "norwayeast" is in "no" and "eea", none of it among cluster.allowedJurisdictions. Within "eu" are austriaeast, belgiumcentral, denmarkeast, francecentral, germanywestcentral, italynorth, northeurope, polandcentral and 3 more; take one of them, or change cluster.allowedJurisdictions.',
    ]);
  });

  it("allows a region by its country, by the EU or by the EEA", () => {
    const pools = { ...cloudPools({ region: "eu-central-1" }, { region: "westeurope" }), ...metal };
    for (const more of [["de", "nl"], ["eea"], []])
      assert.deepEqual(faultsOf({ ...pools, "cluster.allowedJurisdictions": ["eu", ...more] }), []);
    const apart = { "pools.rack.jurisdiction": "de", "pools.edge.jurisdiction": "de", "cluster.allowedJurisdictions": ["de"] };
    assert.deepEqual(faultsOf({ ...pools, ...apart }), [
      'hybrid-k3s:pools.burst-az.region: "westeurope" is in "eu", "nl" and "eea", none of it among cluster.allowedJurisdictions. Take germanywestcentral, or change cluster.allowedJurisdictions.',
    ]);
  });

  it("says where no region would do", () => {
    const own = { "pools.rack.jurisdiction": "cellar", "pools.edge.jurisdiction": "cellar", "cluster.allowedJurisdictions": ["cellar"] };
    assert.deepEqual(faultsOf({ ...cloudPools({}), ...own }).slice(0, 1), [
      'hybrid-k3s:pools.burst.region: "eu-central-1" is in "eu", "de" and "eea", none of it among cluster.allowedJurisdictions. No region of aws is within "cellar": remove the pool, or change cluster.allowedJurisdictions.',
    ]);
  });

  it("refuses zones that the region does not have", () => {
    assert.deepEqual(faultsOf(cloudPools({ zones: ["eu-central-1a", "eu-west-1a"] }, { zones: ["4"] })), [
      'hybrid-k3s:pools.burst.zones[1]: "eu-west-1a" is no zone of eu-central-1. Write eu-central-1a, eu-central-1b or eu-central-1c.',
      'hybrid-k3s:pools.burst-az.zones[0]: "4" is no zone of westeurope. Write 1, 2 or 3.',
    ]);
    assert.deepEqual(faultsOf(cloudPools({}, { region: "westus", zones: ["1"] })), [
      'hybrid-k3s:pools.burst-az.zones[0]: "1" is no zone: westus has none. Remove `zones`.',
    ]);
  });

  it("refuses an empty list of zones, and a zone twice", () => {
    assert.deepEqual(faultsOf(cloudPools({ zones: [] }, { zones: ["1", "1"] })), [
      "hybrid-k3s:pools.burst.zones: is empty. Name zones, or remove it for those of the region.",
      'hybrid-k3s:pools.burst-az.zones[1]: "1" stands in this list twice. Remove one.',
    ]);
  });

  it("asks for zones where accounts differ in them", () => {
    assert.deepEqual(faultsOf(cloudPools({ region: "us-west-1" })), [
      "hybrid-k3s:pools.burst.zones: is missing, and accounts differ in the zones of us-west-1 that they see. Name yours: `aws ec2 describe-availability-zones --region us-west-1 --query 'AvailabilityZones[].ZoneName'` lists them.",
    ]);
    assert.deepEqual(faultsOf(cloudPools({ region: "us-west-1", zones: ["us-west-1a", "us-west-1c"] })), []);
  });

  it("refuses zones beside existing subnets, which have their own", () => {
    const networks = { aws: { "eu-central-1": { vpcId: "vpc-0123456789abcdef0", subnetIds: ["subnet-0123456789abcdef0"] } } };
    assert.deepEqual(faultsOf({ ...cloudPools({ zones: ["eu-central-1a"] }), networks }), [
      "hybrid-k3s:pools.burst.zones: is decided by the subnets in networks.aws.eu-central-1.subnetIds. Remove it, and name the subnets of the zones that you want.",
    ]);
  });
});
