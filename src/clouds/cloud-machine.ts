import type * as pulumi from "@pulumi/pulumi";

/** A machine that a cloud lends, as the node's chain needs it. */
export interface CloudMachine {
  readonly vm: pulumi.CustomResource;
  /** Another one for each machine that was ever made, whatever its name: the chain hangs on it. */
  readonly id: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
  readonly hostKey: pulumi.Output<string>;
  /** Where the cloud's machines ask for what concerns them, user data included. */
  readonly metadataAddresses: readonly string[];
  /** The instance type or VM size that the plan asks for, and the one that it has. */
  readonly type: string;
  readonly typeNow: pulumi.Output<string>;
}
