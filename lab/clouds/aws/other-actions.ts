import { type CloudAction, CloudError } from "../contract";
import { select, toTags } from "./describe";
import type { Images } from "./images";
import { type Parameters, action } from "./parameters";
import { type Kind, type RegionState, type Tagged, find, isIdOf, notFound } from "./region-state";

const TAGGED: readonly Kind[] = [
  ...(["vpcs", "subnets", "gateways", "routeTables", "groups", "interfaces", "volumes", "addresses"] as const),
  ...(["natGateways", "instances"] as const),
];

/** Images, disks, network interfaces, tags, and the parameters of Systems Manager. */
export function otherActions(stateOf: (region: string) => RegionState, images: Images): Record<string, CloudAction> {
  return {
    DescribeImages: action(["ImageIds"], stateOf, ({ region }, parameters) => ({
      Images: parameters.texts("ImageIds").map((id) => {
        const { name, architecture, rootDeviceName } = images.find(region, id);
        return { ImageId: id, Name: name, Architecture: architecture, RootDeviceName: rootDeviceName, State: "available" };
      }),
    })),
    DescribeAvailabilityZones: action(["Filters"], stateOf, ({ region, zones }) => ({
      AvailabilityZones: zones.map((ZoneName) => ({ ZoneName, RegionName: region, State: "available" })),
    })),
    DescribeVolumes: action(["VolumeIds", "Filters"], stateOf, (state, parameters) => ({
      Volumes: select(state, "volumes", parameters.texts("VolumeIds"), parameters, {
        "attachment.instance-id": ({ instanceId }) => [instanceId],
      }).map(({ id, sizeGib, type, isEncrypted, zone, tags }) => {
        const disk = { Size: sizeGib, VolumeType: type, Encrypted: isEncrypted, AvailabilityZone: zone };
        return { VolumeId: id, ...disk, State: "in-use", Tags: toTags(tags) };
      }),
    })),
    ModifyVolume: action(["VolumeId", "Size", "VolumeType"], stateOf, (state, parameters) => {
      const volume = find(state, "volumes", parameters.text("VolumeId"));
      const size = parameters.optionalNumber("Size") ?? volume.sizeGib;
      // https://docs.aws.amazon.com/ebs/latest/userguide/modify-volume-requirements.html
      if (size < volume.sizeGib) throw new CloudError("InvalidParameterValue", "New size cannot be smaller than existing size");
      volume.sizeGib = size;
      volume.type = parameters.optionalText("VolumeType") ?? volume.type;
      return {};
    }),
    DescribeNetworkInterfaces: action(["NetworkInterfaceIds", "Filters"], stateOf, (state, parameters) => ({
      NetworkInterfaces: select(state, "interfaces", parameters.texts("NetworkInterfaceIds"), parameters, {
        "subnet-id": ({ subnetId }) => [subnetId],
        "vpc-id": ({ vpcId }) => [vpcId],
        "group-id": ({ groupIds }) => groupIds,
      }).map(({ id, subnetId, vpcId, privateIp, groupIds, tags }) => ({
        NetworkInterfaceId: id,
        SubnetId: subnetId,
        VpcId: vpcId,
        PrivateIpAddress: privateIp,
        Groups: groupIds.map((GroupId) => ({ GroupId })),
        Status: "in-use",
        TagSet: toTags(tags),
      })),
    })),
    /** The lab has no VPN gateway; the question is one of EC2's nevertheless. */
    DescribeVpnGateways: action(["VpnGatewayIds", "Filters"], stateOf, (_state, parameters) => {
      for (const filter of parameters.structures("Filters", ["Name", "Values"])) filter.texts("Values");
      return { VpnGateways: [] };
    }),
    DescribeTags: action(["Filters"], stateOf, (state, parameters) => {
      const wanted = parameters.structures("Filters", ["Name", "Values"]).map((filter) => {
        const [name, values] = [filter.text("Name"), filter.texts("Values")];
        if (!["resource-id", "key", "value"].includes(name)) {
          throw new CloudError("InvalidParameterValue", `The filter '${name}' is invalid`);
        }
        return { name, values };
      });
      const all = TAGGED.flatMap((kind) => [...(state[kind] as Map<string, Tagged>).values()]).flatMap(({ id, tags }) =>
        Object.entries(tags).map(([key, value]) => ({ "resource-id": id, key, value })),
      );
      const found = all.filter((tag) => wanted.every(({ name, values }) => values.includes(tag[name as keyof typeof tag])));
      return { Tags: found.map(({ "resource-id": ResourceId, key, value }) => ({ ResourceId, Key: key, Value: value })) };
    }),
    CreateTags: action(["Resources", "Tags"], stateOf, (state, parameters) => {
      const tags = parameters.tags("Tags");
      for (const item of tagged(state, parameters)) item.tags = { ...item.tags, ...tags };
      return {};
    }),
    DeleteTags: action(["Resources", "Tags"], stateOf, (state, parameters) => {
      const keys = parameters.structures("Tags", ["Key", "Value"]).map((tag) => tag.text("Key"));
      for (const item of tagged(state, parameters)) {
        item.tags = Object.fromEntries(Object.entries(item.tags).filter(([key]) => !keys.includes(key)));
      }
      return {};
    }),
    GetParameter: action(["Name", "WithDecryption"], stateOf, ({ region }, parameters) => {
      const name = parameters.text("Name");
      const { value, version } = images.parameter(region, name);
      const ARN = `arn:aws:ssm:${region}::parameter${name}`;
      return { Parameter: { Name: name, Value: value, Version: version, Type: "String", DataType: "aws:ec2:image", ARN } };
    }),
  };
}

function tagged(state: RegionState, parameters: Parameters): readonly Tagged[] {
  return parameters.texts("Resources").map((id) => {
    const found = TAGGED.map((kind) => (state[kind] as Map<string, Tagged>).get(id)).find((item) => item !== undefined);
    if (found === undefined) {
      const kind = TAGGED.find((known) => isIdOf(known, id));
      throw kind === undefined ? new CloudError("InvalidID", `The ID '${id}' is not valid`) : notFound(kind, id);
    }
    return found;
  });
}
