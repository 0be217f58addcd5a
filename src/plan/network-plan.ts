/** The network of one region, shared by the pools there. */
export type CloudNetworkPlan = AwsNetworkPlan | AzureNetworkPlan;

interface NetworkPlanBase {
  /** `<cluster>-aws-eu-central-1`: prefix of the network's resource names. */
  readonly name: string;
  readonly region: string;
  /** Who may reach SSH: `access.allowedCidrs`. */
  readonly sshCidrs: readonly string[];
}

/** A subnet that the stack makes. Private ones reach out through the NAT gateway, public ones by their machines' own addresses. */
export interface SubnetPlan {
  /** `public-eu-central-1a`, `private-eu-central-1a`; Azure: `public`, `private`. */
  readonly name: string;
  readonly zone?: string;
  readonly cidr: string;
  readonly isPublic: boolean;
}

export interface AwsNetworkPlan extends NetworkPlanBase {
  readonly kind: "aws";
  /** Made by the stack, or an existing VPC whose subnets are named by their ids. */
  readonly vpc:
    | {
        readonly kind: "made";
        readonly cidr: string;
        readonly subnets: readonly SubnetPlan[];
        /** The public subnet that the NAT gateway stands in, by its name; absent without one. */
        readonly natGatewayIn?: string;
      }
    | { readonly kind: "existing"; readonly vpcId: string; readonly subnetIds: readonly string[] };
}

export interface AzureNetworkPlan extends NetworkPlanBase {
  readonly kind: "azure";
  readonly vnet:
    | { readonly kind: "made"; readonly cidr: string; readonly subnets: readonly SubnetPlan[]; readonly natGateway: boolean }
    | { readonly kind: "existing"; readonly subnetId: string };
}
