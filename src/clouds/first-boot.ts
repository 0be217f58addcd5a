import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { CloudNodePlan } from "../plan/cluster-plan";
import { renderUserData } from "./user-data";

/** The machine's only SSH host key, made by the stack so that the first connection is pinned already, and the user data that places it. */
export interface FirstBoot {
  readonly hostKey: pulumi.Output<string>;
  readonly userData: pulumi.Output<string>;
}

export function createFirstBoot(name: string, plan: CloudNodePlan, parent: pulumi.Resource): FirstBoot {
  const key = new tls.PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent });
  const hostKey = key.publicKeyOpenssh.apply((text) => text.trim());
  const userData = pulumi
    .all([key.privateKeyOpenssh, hostKey])
    .apply(([hostPrivateKey, hostPublicKey]) =>
      renderUserData({ nodeName: plan.name, hostPrivateKey, hostPublicKey, sshPublicKey: plan.sshPublicKey }),
    );
  return { hostKey, userData: pulumi.secret(userData) };
}
