import type { ApiError } from "./api-error";
import { deviceNotFound, forbidden, staleEtag, tailnetNotFound, unauthorized } from "./api-error";
import type { ApiResponse } from "./http-types";
import { refusal } from "./refusal";

/** A fault that the lab's tests ask for: the next `times` requests that match are delayed, refused, cut off or overtaken. */
export interface Fault {
  readonly method?: string;
  /** Regular expression over the path below /api/v2. */
  readonly path?: string;
  readonly times: number;
  /** So many matching requests pass unharmed first. */
  readonly skip?: number;
  readonly delayMs?: number;
  /** Answer with this instead of acting; `message` is the vendor's own for that status by default. */
  readonly status?: number;
  readonly message?: string;
  /** Sent as it is instead of the vendor's JSON form, as a proxy before the API would. */
  readonly body?: string;
  readonly retryAfterSeconds?: number;
  /** Close the connection without an answer, before or after acting. */
  readonly drop?: "before" | "after";
  /** Keep the connection open and never answer, before or after acting: the client has to give up. */
  readonly hang?: "before" | "after";
  /** Somebody else saves this as the policy file just before the request is acted on. */
  readonly overtakenBy?: string;
}

export class Faults {
  private pending: Fault[] = [];

  add(fault: Fault): void {
    this.pending.push(fault);
  }

  clear(): void {
    this.pending = [];
  }

  list(): readonly Fault[] {
    return this.pending;
  }

  /** The fault for this request, used up by one. */
  take(method: string, path: string): Fault | undefined {
    const fault = this.pending.find((candidate) => (candidate.method ?? method) === method && new RegExp(candidate.path ?? "").test(path));
    if (fault === undefined) return undefined;
    const { skip = 0, times } = fault;
    const left = skip > 0 ? { ...fault, skip: skip - 1 } : { ...fault, times: times - 1 };
    this.pending = this.pending.flatMap((other) => (other !== fault ? [other] : left.times > 0 ? [left] : []));
    return skip > 0 ? undefined : fault;
  }
}

/** The answer of a fault with a status, in the vendor's form and words unless the fault has its own. */
export function faultAnswer(fault: Fault & { readonly status: number }, path: string): ApiResponse {
  const { status, message = vendorMessage(status, path), body, retryAfterSeconds } = fault;
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  return body === undefined ? { ...refusal(status, message), headers } : { status, text: { type: "text/html", content: body }, headers };
}

function vendorMessage(status: number, path: string): string {
  const notFound = path.startsWith("/device/") ? deviceNotFound() : tailnetNotFound();
  const known: readonly ApiError[] = [unauthorized(), forbidden(), notFound, staleEtag()];
  // No source shows the vendor's words for 429 and 5xx.
  const others: Readonly<Record<number, string>> = {
    429: "rate limit exceeded",
    500: "internal server error",
    504: "request took too long",
  };
  return known.find((error) => error.status === status)?.message ?? others[status] ?? "the lab was told to fail";
}
