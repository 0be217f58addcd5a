import type { FailedTest } from "./api-error";
import { ApiError } from "./api-error";
import { HeadscaleRefusal } from "./headscale-client";
import type { ApiRequest, ApiResponse } from "./http-types";

/** An error as an answer in the vendor's form. */
export function responseOf(error: unknown, request: Pick<ApiRequest, "method" | "path">): ApiResponse {
  if (error instanceof ApiError) return { status: error.status, json: refusalBody(error.message, error.data) };
  if (error instanceof HeadscaleRefusal) return refusal(400, error.message);
  console.error(`${request.method} ${request.path}:`, error);
  return refusal(500, "internal server error");
}

export function refusal(status: number, message: string): ApiResponse {
  return { status, json: refusalBody(message) };
}

export function refusalBody(message: string, data?: readonly FailedTest[]): Readonly<Record<string, unknown>> {
  return { message, ...(data === undefined ? {} : { data }) };
}
