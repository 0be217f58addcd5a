import * as pulumi from "@pulumi/pulumi";
import type { ControlPlan, TailnetPlan } from "../../plan/cluster-plan";
import { HeadscaleKey } from "./headscale-key";
import { tagsOf } from "./node-tags";
import { Tailnet } from "./tailnet";
import { askControl } from "./ask-control";
import type { JoinKey, JoinKeyArgs, LivePolicy, PrepareArgs, Vpn } from "../vpn";

/** A tailnet at a headscale of the operator's own. */
export class HeadscaleVpn implements Vpn {
  readonly hasPodRoutes = true;
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

  prepare(name: string, args: PrepareArgs, opts: pulumi.ComponentResourceOptions): Tailnet {
    return new Tailnet(name, { ...args, plan: this.plan }, opts);
  }

  createKey(name: string, args: JoinKeyArgs, opts: pulumi.CustomResourceOptions): JoinKey {
    const { cluster } = this.plan;
    // As at Tailscale: what a living server comes to need it gets in place.
    const kept = pulumi.mergeOptions(opts, args.isServer ? { ignoreChanges: ["wanted.tags"] } : {});
    return new HeadscaleKey(name, { ...args, cluster: cluster.name, tags: tagsOf(this.plan, args), access: this.access }, kept);
  }

  /** By the tools' own client: no provider reads headscale, and a dynamic one answers no invokes. */
  async readPolicy(): Promise<LivePolicy> {
    const { FIXED_POLICY } = await import("../../operator-tools/control/headscale-control.mjs");
    return askControl(this.access, async (control) => {
      await control.requireAccess();
      await control.requireClient?.(this.plan.clientVersion);
      const [{ text, isFixed }, traits] = await Promise.all([control.readPolicy(), control.policyTraits()]);
      if (isFixed && this.plan.policyMode !== "none") throw new pulumi.RunError(FIXED_POLICY);
      return { text, policyPage: control.policyPage, ...(traits && { traits }) };
    });
  }
}
