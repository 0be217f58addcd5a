import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { BareMetalNodePlan } from "../plan/cluster-plan";
import { downloadUrls } from "../plan/plan-sources";
import type { MetHostKeys } from "../remote/connection";
import { LocalTool } from "../remote/local-tool";
import { printedResult } from "../remote/printed-result";
import { renderScript } from "../remote/render-script";
import { nodeInput } from "./tool-input";

// Every tailnet client asks this host unless it is told another (ipn.DefaultControlURL in tailscale.com/ipn).
const CONTROL_SERVER = "https://controlplane.tailscale.com";

/** Looks at a host before anything is changed; fails with all of its faults in one message. One SSH session. */
export class Preflight extends LocalTool {
  readonly keys: pulumi.Output<MetHostKeys>;

  constructor(name: string, context: ClusterContext, node: BareMetalNodePlan, opts: pulumi.CustomResourceOptions) {
    const { plan, owner, vpn } = context;
    const controlUrl = `${vpn.login.server || CONTROL_SERVER}/key?v=106`;
    const script = renderScript("preflight-host", {
      NODE_NAME: node.name,
      CLUSTER_NAME: plan.name,
      OWNER: owner,
      ROLE: node.role,
      POD_CIDR: plan.podCidr,
      SERVICE_CIDR: plan.serviceCidr,
      CHECK_URLS: [controlUrl, ...downloadUrls(plan.sources)].join("\n"),
      // Any answer will do here, so one list of authorities for all of the addresses.
      CA_PEM: [plan.sources.caPem, vpn.login.caPem].filter((pem) => pem !== "").join("\n"),
    });
    super(
      name,
      { tool: "preflight", on: ["create"], input: { ...nodeInput(context, node, node), script }, previous: [node.identity] },
      opts,
    );
    this.keys = this.stdout.apply((text) => printedResult<MetHostKeys>(text));
  }
}
