/** One failed test of a policy: {"user": source, "errors": [...]} in `data` (api.md of tailscale/tailscale, "Response: failed test error"). */
export interface FailedTest {
  readonly user: string;
  readonly errors: readonly string[];
}

/** An answer in the vendor's error form: {"message": "..."} (https://tailscale.com/api, "Errors"). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly data?: readonly FailedTest[],
  ) {
    super(message);
  }
}

// Wordings below were seen in public threads: 401 tailscale/gitops-acl-action#33, 403 tailscale/tailscale#15969,
// 404 tailscale/terraform-provider-tailscale#585, 412 tailscale/tailscale-client-go-v2#27, unknown fields tailscale/tailscale#7145.
export const unauthorized = (): ApiError => new ApiError(401, "API token invalid");
export const forbidden = (): ApiError => new ApiError(403, "calling actor does not have enough permissions to perform this function");
export const deviceNotFound = (): ApiError => new ApiError(404, "no manageable device matching this ID found");
export const staleEtag = (): ApiError => new ApiError(412, "precondition failed, invalid old hash");
export const unknownField = (name: string): ApiError => new ApiError(400, `json: unknown field ${JSON.stringify(name)}`);
export const tagsNotPermitted = (tags: readonly string[]): ApiError =>
  new ApiError(400, `requested tags [${tags.join(" ")}] are invalid or not permitted`);
export const testsFailed = (failed: readonly FailedTest[]): ApiError => new ApiError(400, "test(s) failed", failed);
// The statuses are the vendor's (its OpenAPI file); no source shows these wordings.
export const keyNotFound = (): ApiError => new ApiError(404, "key not found");
export const tailnetNotFound = (): ApiError => new ApiError(404, "tailnet not found");
export const serviceNotFound = (): ApiError => new ApiError(404, "service not found");

/** What the vendor can and the lab cannot: refused, so that nothing is taken for enforced that is not. */
export const notInTheLab = (what: string): ApiError =>
  new ApiError(400, `${what} is valid at the vendor, but the lab's control server (headscale) cannot enforce it`);
