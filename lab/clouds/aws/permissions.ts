import type { CloudRequest } from "../contract";

/** IAM actions that a call needs. They bear the calls' names; tags in a call that makes something are asked for beside it (docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html). */
export function awsPermissions(action: string, request: CloudRequest): readonly string[] {
  const service = action === "GetParameter" ? "ssm" : "ec2";
  const tags = request["TagSpecifications"];
  return [`${service}:${action}`, ...(Array.isArray(tags) && tags.length > 0 ? ["ec2:CreateTags"] : [])];
}
