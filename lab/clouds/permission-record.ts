import { awsPermissions } from "./aws/permissions";
import { azurePermissions } from "./azure/permissions";
import type { CloudName, CloudRequest } from "./contract";

type Reader = (action: string, request: CloudRequest) => readonly string[];
const READERS: Readonly<Record<CloudName, Reader>> = { aws: awsPermissions, azure: azurePermissions };

/** What the calls to the clouds need to be allowed; docs/clouds.md tells it to those who make the credential. */
export class PermissionRecord {
  private readonly seen: Readonly<Record<CloudName, Set<string>>> = { aws: new Set(), azure: new Set() };

  add(cloud: CloudName, action: string, request: CloudRequest): void {
    for (const permission of READERS[cloud](action, request)) this.seen[cloud].add(permission);
  }

  of(cloud: CloudName): readonly string[] {
    return [...this.seen[cloud]].sort();
  }
}
