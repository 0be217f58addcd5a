import type { ObjectType } from "../plugin/property-types";
import { textOf } from "../plugin/property-values";
import type { AwsResource } from "./aws-resource";
import { type Ec2, ApiError, during, unlessNotFound } from "./ec2";
import { type ApiTag, fromApi } from "./tags";
import { type Wait, deleteWhenFree } from "./wait";

interface ApiGateway {
  readonly InternetGatewayId: string;
  readonly Attachments: readonly { readonly VpcId: string }[];
  readonly Tags: readonly ApiTag[];
}

const attach = (ec2: Ec2, id: string, vpcId: string): Promise<unknown> =>
  during(`attaching EC2 Internet Gateway (${id})`, () => ec2.call("AttachInternetGateway", { InternetGatewayId: id, VpcId: vpcId }));

const detach = (ec2: Ec2, id: string, vpcId: string, wait: Wait): Promise<void> =>
  during(`detaching EC2 Internet Gateway (${id})`, () =>
    deleteWhenFree(wait, async () => {
      try {
        await ec2.call("DetachInternetGateway", { InternetGatewayId: id, VpcId: vpcId });
      } catch (error) {
        if (!(error instanceof ApiError && error.code === "Gateway.NotAttached")) throw error;
      }
    }),
  );

/** aws:ec2/internetGateway:InternetGateway (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_internet_gateway.go). */
export const internetGatewayResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: [],
  computed: ["arn", "ownerId", "vpcId"],
  create: async ({ ec2, inputs, tagsFor }) => {
    const parameters = tagsFor("internet-gateway");
    const { InternetGateway } = await during("creating EC2 Internet Gateway", () =>
      ec2.call<{ InternetGateway: ApiGateway }>("CreateInternetGateway", parameters),
    );
    const id = InternetGateway.InternetGatewayId;
    const vpcId = textOf(inputs, "vpcId");
    if (vpcId !== "") await attach(ec2, id, vpcId);
    return id;
  },
  update: async ({ ec2, id, olds, inputs, changed, wait }) => {
    if (!changed.includes("vpcId")) return;
    if (textOf(olds, "vpcId") !== "") await detach(ec2, id, textOf(olds, "vpcId"), wait);
    if (textOf(inputs, "vpcId") !== "") await attach(ec2, id, textOf(inputs, "vpcId"));
  },
  read: async (id, ec2) => {
    const answer = await unlessNotFound(() =>
      ec2.call<{ InternetGateways: readonly ApiGateway[] }>("DescribeInternetGateways", { InternetGatewayIds: [id] }),
    );
    const found = answer?.InternetGateways[0];
    if (found === undefined) return undefined;
    const arn = `arn:aws:ec2:${ec2.region}:000000000000:internet-gateway/${id}`;
    return { arn, ownerId: "000000000000", vpcId: found.Attachments[0]?.VpcId ?? "", ...fromApi(found.Tags) };
  },
  delete: async (id, { ec2, inputs, wait }) => {
    const vpcId = textOf(inputs, "vpcId");
    if (vpcId !== "") await detach(ec2, id, vpcId, wait);
    await during(`deleting EC2 Internet Gateway (${id})`, () =>
      deleteWhenFree(wait, () => ec2.call("DeleteInternetGateway", { InternetGatewayId: id })),
    );
  },
});
