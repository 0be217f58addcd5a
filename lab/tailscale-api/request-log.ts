import { appendFileSync, readFileSync } from "node:fs";

export interface LoggedRequest {
  readonly time: string;
  readonly method: string;
  /** Path below /api/v2, without the query. */
  readonly path: string;
  /** 0 where the connection was cut on purpose. */
  readonly status: number;
  /** User or OAuth client; empty where it is not known. */
  readonly actor: string;
  /** Scopes of the OAuth client that it made use of. */
  readonly scopes: readonly string[];
  readonly ms: number;
}

/** One JSON line a request; no header, query or body, so no secret. */
export class RequestLog {
  constructor(private readonly file: string) {}

  add(request: LoggedRequest): void {
    appendFileSync(this.file, `${JSON.stringify(request)}\n`, { mode: 0o600 });
  }

  all(): readonly LoggedRequest[] {
    try {
      const lines = readFileSync(this.file, "utf8").split("\n");
      return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LoggedRequest);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }
}
