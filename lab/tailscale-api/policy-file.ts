import { createHash } from "node:crypto";
import type { Actor } from "./access";
import { requireScope } from "./access";
import { ApiError, staleEtag } from "./api-error";
import { checkPolicy } from "./check-policy";
import type { DefaultPolicyForm } from "./default-policy";
import { defaultPolicy } from "./default-policy";
import type { HeadscaleClient } from "./headscale-client";
import { HeadscaleRefusal } from "./headscale-client";
import { toHeadscalePolicy, usersOf } from "./headscale-policy";
import type { ApiRequest, ApiResponse } from "./http-types";
import type { PolicyDocument } from "./policy-document";
import { parsePolicy } from "./policy-document";
import type { StateStore } from "./state-store";
import type { UserDirectory } from "./user-directory";

/** The policy file resource: https://tailscale.com/api#tag/policyfile. The text is kept as it came, comments included. */
export class PolicyFile {
  /** Changes run one after the other, so that the ETag that was compared is the one replaced. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: StateStore,
    private readonly headscale: HeadscaleClient,
    private readonly users: UserDirectory,
  ) {}

  get text(): string {
    return this.store.current.policy?.text ?? defaultPolicy("grants");
  }

  get document(): PolicyDocument {
    return parsePolicy(this.text);
  }

  get etag(): string {
    return createHash("sha256").update(this.text).digest("hex");
  }

  get isUntouched(): boolean {
    return this.store.current.policy?.untouched ?? true;
  }

  /** Gives headscale the policy that is kept; at start, and when a user was added. */
  async push(): Promise<void> {
    await this.enforce(this.document);
  }

  get(actor: Actor, request: ApiRequest): ApiResponse {
    requireScope(actor, "policy_file", "read");
    if (request.query.get("details") === "true") {
      const acl = Buffer.from(this.text).toString("base64");
      return { status: 200, json: { acl, warnings: [], errors: null }, headers: { etag: `"${this.etag}"` } };
    }
    return this.answer(request);
  }

  async set(actor: Actor, request: ApiRequest): Promise<ApiResponse> {
    requireScope(actor, "policy_file", "write");
    await this.replace(request.body, (etag, isUntouched) => this.requireMatch(request.headers["if-match"], etag, isUntouched));
    return this.answer(request);
  }

  /** 200 with a message where the document is wrong, 200 and {} where it is right (tailscale-client-go-v2, Validate). */
  validate(actor: Actor, request: ApiRequest): ApiResponse {
    requireScope(actor, "policy_file", "read");
    if (request.body.trimStart().startsWith("["))
      throw new ApiError(400, "running tests against the policy is valid at the vendor, but not in the lab");
    try {
      checkPolicy(parsePolicy(request.body));
    } catch (error) {
      if (error instanceof ApiError) return { status: 200, json: { message: error.message } };
      throw error;
    }
    return { status: 200, json: {} };
  }

  /** For the lab's tests: somebody edits the file in the console. */
  async edit(text: string): Promise<void> {
    await this.replace(text, () => undefined);
  }

  async reset(form: DefaultPolicyForm): Promise<void> {
    await this.replace(defaultPolicy(form), () => undefined, true);
  }

  private replace(text: string, check: (etag: string, isUntouched: boolean) => void, untouched = false): Promise<void> {
    const change = this.last.then(async () => {
      check(this.etag, this.isUntouched);
      const document = parsePolicy(text);
      checkPolicy(document);
      await this.enforce(document);
      this.store.update({ policy: { text, untouched } });
    });
    this.last = change.catch(() => undefined);
    return change;
  }

  private async enforce(document: PolicyDocument): Promise<void> {
    for (const user of usersOf(document)) await this.users.ensure(user);
    try {
      await this.headscale.setPolicy(toHeadscalePolicy(document, this.users.emails()));
    } catch (error) {
      if (error instanceof HeadscaleRefusal) throw new ApiError(400, error.message);
      throw error;
    }
  }

  private requireMatch(header: string | undefined, etag: string, isUntouched: boolean): void {
    if (header === undefined) return;
    const wanted = header.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
    if (wanted === "ts-default" ? !isUntouched : wanted !== etag) throw staleEtag();
  }

  /** JSON only where it is asked for, HuJSON otherwise (api.md of tailscale/tailscale, "Fetch tailnet policy file"). */
  private answer(request: ApiRequest): ApiResponse {
    const headers = { etag: `"${this.etag}"` };
    const wantsJson = (request.headers.accept ?? "").includes("application/json");
    return wantsJson
      ? { status: 200, json: this.document, headers }
      : { status: 200, text: { type: "application/hujson", content: this.text }, headers };
  }
}
