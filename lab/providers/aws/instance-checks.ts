import type { CheckFailure } from "../plugin/check-properties";
import { type Properties, UNKNOWN, type Value, isProperties } from "../plugin/property-values";
import { allOf, conflict, expectIn, oneOf, unsupported } from "./check";

const USER_DATA_LENGTH = 16384;

const objectOf = (value: Value | undefined): Properties => (isProperties(value) ? value : {});

/** What the schema demands beyond types (hashicorp/terraform-provider-aws: internal/service/ec2/ec2_instance.go). */
export const checkInstance = allOf(
  oneOf("ami", "launchTemplate"),
  oneOf("instanceType", "launchTemplate"),
  conflict("userData", "userDataBase64"),
  conflict("networkInterfaces", "associatePublicIpAddress", "subnetId", "privateIp", "vpcSecurityGroupIds", "securityGroups"),
  conflict("primaryNetworkInterface", "associatePublicIpAddress", "subnetId", "privateIp", "vpcSecurityGroupIds", "securityGroups"),
  ({ volumeTags, rootBlockDevice }) =>
    volumeTags === undefined || objectOf(rootBlockDevice)["tags"] === undefined
      ? []
      : [{ property: "volumeTags", reason: `Conflicting configuration arguments: "volumeTags": conflicts with rootBlockDevice.tags` }],
  checkUserData,
  ({ metadataOptions }) => {
    const { httpTokens, httpEndpoint, httpPutResponseHopLimit: hops } = objectOf(metadataOptions);
    const isHops = hops === undefined || hops === UNKNOWN || (Number(hops) >= 1 && Number(hops) <= 64);
    return [
      ...expectIn("metadataOptions.httpTokens", httpTokens, ["optional", "required"]),
      ...expectIn("metadataOptions.httpEndpoint", httpEndpoint, ["disabled", "enabled"]),
      ...(isHops
        ? []
        : [
            {
              property: "metadataOptions.httpPutResponseHopLimit",
              reason: `expected to be in the range (1 - 64), got ${JSON.stringify(hops)}`,
            },
          ]),
    ];
  },
  ({ instanceMarketOptions }) => {
    const { marketType, spotOptions } = objectOf(instanceMarketOptions);
    const { spotInstanceType, instanceInterruptionBehavior } = objectOf(spotOptions);
    const [market, spot] = ["instanceMarketOptions.marketType", "instanceMarketOptions.spotOptions"];
    return [
      ...expectIn(market, marketType, ["spot", "capacity-block"]),
      ...expectIn(`${spot}.spotInstanceType`, spotInstanceType, ["one-time", "persistent"]),
      ...expectIn(`${spot}.instanceInterruptionBehavior`, instanceInterruptionBehavior, ["hibernate", "stop", "terminate"]),
    ];
  },
  ({ rootBlockDevice }) =>
    expectIn("rootBlockDevice.volumeType", objectOf(rootBlockDevice)["volumeType"], ["standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"]),
  ({ tenancy }) => expectIn("tenancy", tenancy, ["default", "dedicated", "host"]),
  unsupported("launchTemplate", "networkInterfaces", "primaryNetworkInterface", "secondaryNetworkInterfaces", "ebsBlockDevices"),
  unsupported("ephemeralBlockDevices", "securityGroups", "iamInstanceProfile", "hibernation", "ipv6AddressCount", "ipv6Addresses"),
  unsupported("placementGroup", "hostId", "capacityReservationSpecification", "enclaveOptions", "secondaryPrivateIps"),
  // What runInstance does not send yet would do nothing here, and something at AWS.
  unsupported("ebsOptimized", "monitoring", "creditSpecification", "cpuOptions", "disableApiStop", "enablePrimaryIpv6"),
  unsupported("hostResourceGroupArn", "maintenanceOptions", "placementGroupId", "placementPartitionNumber", "privateDnsNameOptions"),
);

function checkUserData({ userData, userDataBase64 }: Properties): readonly CheckFailure[] {
  if (typeof userData === "string" && Buffer.byteLength(userData) > USER_DATA_LENGTH) {
    return [
      {
        property: "userData",
        reason: `expected length of user_data to be in the range (0 - ${USER_DATA_LENGTH}), got ${Buffer.byteLength(userData)} bytes`,
      },
    ];
  }
  if (typeof userDataBase64 !== "string" || userDataBase64 === UNKNOWN) return [];
  const isBase64 = Buffer.from(userDataBase64, "base64").toString("base64") === userDataBase64;
  return isBase64 ? [] : [{ property: "userDataBase64", reason: "user_data_base64: must be base64-encoded" }];
}
