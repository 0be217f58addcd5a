import * as pulumi from "@pulumi/pulumi";
import type { ControlPlan, TailnetPlan } from "../plan/cluster-plan";
import { type LivePolicy, type Tell, previewPolicy } from "../tailnet/preview-policy";
import { HeadscaleKey } from "./headscale-key";
import { Tailnet, type TailnetArgs } from "../tailnet/tailnet";
import { tailnetInterface } from "./tailnet-interface";
import type { JoinKey, JoinKeyArgs, Vpn } from "./vpn";

/** A tailnet at a headscale of the operator's own. */
export class HeadscaleVpn implements Vpn {
  readonly interfaceName = tailnetInterface.interfaceName;
  readonly mtu = tailnetInterface.mtu;
  readonly hasPodRoutes = tailnetInterface.hasPodRoutes;
  readonly login: Vpn["login"];
  readonly access: Vpn["access"];

  constructor(
    private readonly plan: TailnetPlan,
    { loginServer, caPem }: Extract<ControlPlan, { mode: "headscale" }>,
    apiKey: pulumi.Output<string> | undefined,
  ) {
    this.login = { server: loginServer, caPem };
    this.access = { mode: "headscale", loginServer, tag: plan.tag, ...(caPem !== "" && { caPem }), ...(apiKey && { apiKey }) };
  }

  look(tell?: Tell, warn?: Tell): Promise<number> {
    return previewPolicy(this.plan, () => this.readPolicy(), tell, warn);
  }

  prepare(name: string, args: TailnetArgs, opts: pulumi.ComponentResourceOptions): Tailnet {
    return new Tailnet(name, args, opts);
  }

  createKey(name: string, args: JoinKeyArgs, opts: pulumi.CustomResourceOptions): JoinKey {
    return new HeadscaleKey(name, { ...args, cluster: this.plan.cluster.name, tag: this.plan.tag, access: this.access }, opts);
  }

  /** By the tools' own client: no provider reads headscale, and a dynamic one answers no invokes. */
  private async readPolicy(): Promise<LivePolicy> {
    const [{ openControl }, { createOutput }, { FIXED_POLICY }] = await Promise.all([
      import("../tools/lib/open-control.mjs"),
      import("../tools/lib/output.mjs"),
      import("../tools/lib/headscale-control.mjs"),
    ]);
    const out = createOutput();
    try {
      const control = openControl(await known(this.access), { env: process.env, out });
      await control.requireAccess();
      const [{ text, isFixed }, traits] = await Promise.all([control.readPolicy(), control.policyTraits()]);
      if (isFixed && this.plan.policyMode !== "none") throw new pulumi.RunError(FIXED_POLICY);
      return { text, policyPage: control.policyPage, ...(traits && { traits }) };
    } catch (error) {
      // Of an expected fault its message alone; a bug keeps its stack.
      if (error instanceof Error && error.name === "ToolError") throw new pulumi.RunError(out.redact(error.message));
      throw error;
    }
  }
}

/** Everything of it comes from the stack's config, so it is known at preview too. */
function known(access: Vpn["access"]): Promise<Record<string, string | undefined>> {
  return new Promise((resolve) => pulumi.output(access).apply(resolve));
}
