import { ApiError } from "./api-error";
import { HeadscaleRefusal } from "./headscale-client";
import type { ApiRequest, ApiResponse } from "./http-types";

/** An error as an answer in the vendor's form. */
export function responseOf(error: unknown, request: Pick<ApiRequest, "method" | "path">): ApiResponse {
  if (error instanceof ApiError) return refusal(error.status, error.message);
  if (error instanceof HeadscaleRefusal) return refusal(400, error.message);
  console.error(`${request.method} ${request.path}:`, error);
  return refusal(500, "internal server error");
}

export function refusal(status: number, message: string): ApiResponse {
  return { status, json: { message } };
}
