import { CloudError } from "../contract";

/** Codes as in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, messages as EC2 words them. */
export const missing = (parameter: string): CloudError =>
  new CloudError("MissingParameter", `The request must contain the parameter ${parameter}`);

export const invalidValue = (parameter: string, value: unknown, reason: string): CloudError =>
  new CloudError("InvalidParameterValue", `Value (${String(value)}) for parameter ${parameter} is invalid. ${reason}`);

export const hasDependencies = (what: string, id: string): CloudError =>
  new CloudError("DependencyViolation", `The ${what} '${id}' has dependencies and cannot be deleted.`);
