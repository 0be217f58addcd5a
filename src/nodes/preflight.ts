import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { BareMetalNodePlan } from "../plan/cluster-plan";
import { hostNeeds } from "../plan/host-needs";
import { downloadUrls } from "../plan/plan-sources";
import { HostLink } from "../remote/host-link";
import { nodeInput } from "../remote/tool-input";

// Every tailnet client asks this host unless it is told another (ipn.DefaultControlURL in tailscale.com/ipn).
const CONTROL_SERVER = "https://controlplane.tailscale.com";

/** Looks at a host before anything is changed, and again where it answers by another host key; fails with all of its faults in one message. */
export class Preflight extends HostLink<object> {
  constructor(name: string, context: ClusterContext, node: BareMetalNodePlan, opts: pulumi.CustomResourceOptions) {
    const { plan, owner, vpn } = context;
    const controlUrl = `${vpn.login.server || CONTROL_SERVER}/key?v=106`;
    const environment = {
      NODE_NAME: node.name,
      CLUSTER_NAME: plan.name,
      OWNER: owner,
      ROLE: node.role,
      POD_CIDR: plan.podCidr,
      SERVICE_CIDR: plan.serviceCidr,
      ...hostNeeds(node),
      CHECK_URLS: [controlUrl, ...downloadUrls(plan.sources)].join("\n"),
      // Any answer will do here, so one list of authorities for all of the addresses.
      CA_PEM: [plan.sources.caPem, vpn.login.caPem].filter((pem) => pem !== "").join("\n"),
    };
    super(
      "Preflight",
      name,
      {
        provider: "preflight-provider",
        wanted: { node: node.name, hostKey: node.host.hostKey, environment },
        access: nodeInput(context, node, node),
        previous: [node.identity],
      },
      opts,
    );
  }
}
