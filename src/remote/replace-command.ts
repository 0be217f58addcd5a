import * as pulumi from "@pulumi/pulumi";

/** The line that makes a resource again, and with it all links behind it in its chain. */
export function replaceCommand(resource: pulumi.Resource): pulumi.Output<string> {
  return pulumi.interpolate`pulumi up --replace '${resource.urn}'`;
}
