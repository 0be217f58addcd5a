import { gunzipSync } from "node:zlib";
import { CloudError } from "../contract";
import type { Image, Images } from "./images";
import { IMAGE_SIZE_GIB } from "./images";
import { type InstanceType, instanceType, isOffered } from "./instance-types";
import type { Parameters } from "./parameters";
import type { Quotas } from "./quotas";
import { invalidValue } from "./refusals";
import { type RegionState, type Subnet, find } from "./region-state";

export const RUN_INSTANCES = [
  ...["ImageId", "InstanceType", "MinCount", "MaxCount", "ClientToken", "SubnetId", "SecurityGroupIds", "PrivateIpAddress"],
  ...["NetworkInterfaces", "Placement", "UserData", "KeyName", "BlockDeviceMappings", "MetadataOptions", "InstanceMarketOptions"],
  ...["TagSpecifications", "InstanceInitiatedShutdownBehavior", "DisableApiTermination"],
];
const INTERFACE = ["DeviceIndex", "SubnetId", "Groups", "AssociatePublicIpAddress", "PrivateIpAddress", "DeleteOnTermination"];
const MARKET = ["MarketType", "SpotOptions"];
const SPOT = ["MaxPrice", "SpotInstanceType", "InstanceInterruptionBehavior", "ValidUntil"];
const METADATA = ["HttpTokens", "HttpEndpoint", "HttpPutResponseHopLimit", "HttpProtocolIpv6", "InstanceMetadataTags"];
/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html: 16 KB before it is encoded. */
const USER_DATA_BYTES = 16384;

export interface Launch {
  readonly image: Image;
  readonly type: InstanceType;
  readonly subnet: Subnet;
  readonly groupIds: readonly string[];
  readonly wantsPublicIp: boolean;
  readonly privateIp?: string;
  readonly isSpot: boolean;
  readonly isProtected: boolean;
  readonly atPowerOff: "stop" | "terminate";
  readonly userData: string;
  readonly hopLimit: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly disk: { readonly sizeGib: number; readonly type: string; readonly isEncrypted: boolean };
  readonly tags: Record<string, string>;
  readonly volumeTags: Record<string, string>;
}

/** What RunInstances checks, in the order in which it refuses. */
export function readLaunch(state: RegionState, parameters: Parameters, images: Images, quotas: Quotas): Launch {
  const type = instanceType(parameters.text("InstanceType"));
  const image = images.find(state.region, parameters.text("ImageId"));
  if (image.architecture !== type.architecture) {
    const reason = `The architecture '${type.architecture}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`;
    throw new CloudError("InvalidParameterValue", reason);
  }
  const userData = readUserData(parameters.optionalText("UserData"));
  const network = readNetwork(state, parameters);
  const { zone } = network.subnet;
  if (!isOffered(type, zone)) {
    const offered = state.zones.filter((other) => isOffered(type, other)).join(", ");
    const reason = `Your requested instance type (${type.name}) is not supported in your requested Availability Zone (${zone}). Please retry your request by not specifying an Availability Zone or choosing ${offered}.`;
    throw new CloudError("Unsupported", reason);
  }
  const keyName = parameters.optionalText("KeyName");
  if (keyName !== undefined) throw new CloudError("InvalidKeyPair.NotFound", `The key pair '${keyName}' does not exist`);
  const disk = readDisk(parameters, image);
  const market = parameters.structure("InstanceMarketOptions", MARKET);
  const isSpot = market?.optionalText("MarketType") === "spot";
  if (market !== undefined && !isSpot) throw invalidValue("MarketType", market.optionalText("MarketType"), "The lab knows spot only.");
  const metadata = parameters.structure("MetadataOptions", METADATA);
  const hopLimit = metadata?.optionalNumber("HttpPutResponseHopLimit") ?? 1;
  if (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64) {
    throw invalidValue("HttpPutResponseHopLimit", hopLimit, "It must be between 1 and 64.");
  }
  if (isSpot) quotas.assertPrice(type, market?.structure("SpotOptions", SPOT)?.optionalText("MaxPrice"));
  quotas.assertRoom(state, type, zone, isSpot);
  if (type.architecture === "arm64") {
    throw new CloudError("Unsupported", `${type.name} is arm64, and the lab's machines run on this machine's ${process.arch} processor`);
  }
  const options = {
    HttpTokens: metadata?.optionalText("HttpTokens") ?? "optional",
    HttpEndpoint: metadata?.optionalText("HttpEndpoint") ?? "enabled",
    HttpPutResponseHopLimit: hopLimit,
  };
  const [tags, volumeTags] = [parameters.tagsFor("instance"), parameters.tagsFor("volume")];
  const isProtected = parameters.optionalFlag("DisableApiTermination") ?? false;
  const atPowerOff = readShutdownBehavior(parameters.optionalText("InstanceInitiatedShutdownBehavior") ?? "stop");
  return { image, type, ...network, isSpot, isProtected, atPowerOff, userData, hopLimit, metadata: options, disk, tags, volumeTags };
}

export function readShutdownBehavior(value: string): "stop" | "terminate" {
  if (value === "stop" || value === "terminate") return value;
  throw new CloudError("InvalidParameterValue", `Value (${value}) for parameter instanceInitiatedShutdownBehavior is invalid.`);
}

function readUserData(encoded = ""): string {
  if (!/^[A-Za-z0-9+/=\s]*$/.test(encoded)) throw new CloudError("InvalidParameterValue", "Invalid BASE64 encoding of user data.");
  const data = Buffer.from(encoded, "base64");
  if (data.length > USER_DATA_BYTES) {
    throw new CloudError("InvalidParameterValue", `User data is limited to ${USER_DATA_BYTES} bytes`);
  }
  // cloud-init unpacks it (https://cloudinit.readthedocs.io/en/latest/explanation/format.html#gzip-compressed-content).
  return (data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data).toString("utf8");
}

function readNetwork(state: RegionState, parameters: Parameters): Pick<Launch, "subnet" | "groupIds" | "wantsPublicIp" | "privateIp"> {
  const [network, ...others] = parameters.structures("NetworkInterfaces", INTERFACE);
  if (others.length > 0) throw new CloudError("Unsupported", "the lab's machines have one network interface");
  const given = network ?? parameters;
  if (network !== undefined && (parameters.optionalText("SubnetId") ?? parameters.optionalText("PrivateIpAddress")) !== undefined) {
    const reason = "Network interfaces and an instance-level subnet ID may not be specified on the same request";
    throw new CloudError("InvalidParameterCombination", reason);
  }
  const subnetId = given.optionalText("SubnetId");
  // Accounts of the lab have no default VPC.
  if (subnetId === undefined) throw new CloudError("MissingInput", "No subnets found for the default VPC. Please specify a subnet.");
  const subnet = find(state, "subnets", subnetId);
  const zone = parameters.structure("Placement", ["AvailabilityZone", "Tenancy"])?.optionalText("AvailabilityZone");
  if (zone !== undefined && zone !== subnet.zone) {
    throw new CloudError(
      "InvalidParameterValue",
      `The availability zone '${zone}' and subnet '${subnet.id}' (${subnet.zone}) do not match`,
    );
  }
  const named = given.texts(network === undefined ? "SecurityGroupIds" : "Groups");
  const groupIds = named.length > 0 ? named : [find(state, "vpcs", subnet.vpcId).defaultGroupId];
  for (const id of groupIds) {
    if (find(state, "groups", id).vpcId !== subnet.vpcId) {
      throw new CloudError("InvalidParameter", `Security group ${id} and subnet ${subnet.id} belong to different networks.`);
    }
  }
  const privateIp = given.optionalText("PrivateIpAddress");
  const wantsPublicIp = network?.optionalFlag("AssociatePublicIpAddress") ?? subnet.mapPublicIp;
  return { subnet, groupIds, wantsPublicIp, ...(privateIp === undefined ? {} : { privateIp }) };
}

function readDisk(parameters: Parameters, image: Image): Launch["disk"] {
  const [mapping, ...others] = parameters.structures("BlockDeviceMappings", ["DeviceName", "Ebs"]);
  if (others.length > 0) throw new CloudError("Unsupported", "the lab's machines have one disk");
  const device = mapping?.text("DeviceName") ?? image.rootDeviceName;
  if (device !== image.rootDeviceName)
    throw new CloudError("Unsupported", `${device} is not the root device ${image.rootDeviceName}: the lab's machines have one disk`);
  const ebs = mapping?.structure("Ebs", ["VolumeSize", "VolumeType", "Encrypted", "DeleteOnTermination", "Iops", "Throughput", "KmsKeyId"]);
  if (ebs?.optionalFlag("DeleteOnTermination") === false) {
    throw new CloudError("Unsupported", "the lab's disks go with their machines: DeleteOnTermination must be true");
  }
  const sizeGib = ebs?.optionalNumber("VolumeSize") ?? IMAGE_SIZE_GIB;
  if (sizeGib < IMAGE_SIZE_GIB) {
    const reason = `Volume of size ${sizeGib}GB is smaller than snapshot 'snap-${image.id.slice(4)}', expect size>= ${IMAGE_SIZE_GIB}GB`;
    throw new CloudError("InvalidBlockDeviceMapping", reason);
  }
  const type = ebs?.optionalText("VolumeType") ?? "gp2";
  if (!["gp2", "gp3", "io1", "io2", "standard"].includes(type)) {
    throw new CloudError("InvalidParameterValue", `Invalid value '${type}' for VolumeType.`);
  }
  return { sizeGib, type, isEncrypted: ebs?.optionalFlag("Encrypted") ?? false };
}
