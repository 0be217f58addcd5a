import type { IncomingHttpHeaders } from "node:http";

export interface ApiRequest {
  readonly method: string;
  /** Path below the base, decoded piecewise by the routes. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly json?: unknown;
  /** Instead of json: a text with its type. */
  readonly text?: { readonly type: string; readonly content: string };
  readonly headers?: Readonly<Record<string, string>>;
}
