import { randomUUID } from "node:crypto";
import { CloudRefusal, callCloud } from "../cloud-client";

/** One region's API; refusals read as AWS's SDK for Go words them. */
export class Ec2 {
  constructor(readonly region: string) {}

  async call<Answer>(operation: string, parameters: Readonly<Record<string, unknown>>, service = "EC2"): Promise<Answer> {
    try {
      return await callCloud<Answer>("aws", operation, { ...parameters, region: this.region });
    } catch (error) {
      if (!(error instanceof CloudRefusal)) throw error;
      const place = `operation error ${service}: ${operation}, https response error StatusCode: ${error.status}, RequestID: ${randomUUID()}`;
      throw new ApiError(error.code, `${place}, api error ${error.code}: ${error.message}`);
    }
  }
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof ApiError && (error.code.endsWith(".NotFound") || error.code === "NatGatewayNotFound");

/** Undefined in place of a refusal because it is not there. */
export async function unlessNotFound<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The provider's own words in front of the API's. */
export async function during<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${doing}: ${(error as Error).message}`, { cause: error });
  }
}
