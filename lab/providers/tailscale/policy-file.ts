import { parseAnswer } from "./api-error";
import type { ApiClient } from "./api-client";

const HUJSON = "application/hujson";

/** The tailnet's policy document over the API. */
export class PolicyFile {
  constructor(private readonly api: ApiClient) {}

  read(): Promise<string> {
    return this.api.send({ method: "GET", path: ["acl"], contentType: HUJSON });
  }

  async write(text: string, etag?: string): Promise<void> {
    const headers = etag === undefined ? {} : { "If-Match": JSON.stringify(etag) };
    await this.api.send({ method: "POST", path: ["acl"], body: text, contentType: HUJSON, headers });
  }

  /** Throws what the API has against the text, its `tests` included. */
  async validate(text: string): Promise<void> {
    const answer = parseAnswer(await this.api.send({ method: "POST", path: ["acl", "validate"], body: text, contentType: HUJSON }));
    if (answer.message) throw new Error(`ACL validation failed: ${answer.message}; ${JSON.stringify(answer.data ?? [])}`);
  }
}
