import { createHash } from "node:crypto";
import type { Actor } from "./access";
import { requireScope } from "./access";
import { ApiError, staleEtag, testsFailed } from "./api-error";
import type { DefaultPolicyForm } from "./default-policy";
import { defaultPolicy } from "./default-policy";
import type { HeadscaleClient } from "./headscale-client";
import { HeadscaleRefusal, tagsOf } from "./headscale-client";
import type { ApiRequest, ApiResponse } from "./http-types";
import { checkPolicy, servicesOf } from "./policy/check-policy";
import { quote, refuse } from "./policy/check-names";
import type { Tailnet } from "./policy/endpoints";
import { toHeadscalePolicy, usersOf } from "./policy/headscale-policy";
import type { PolicyDocument, PolicyTest, SshTest } from "./policy/policy-document";
import { parsePolicy, parseTests } from "./policy/policy-document";
import { runSshTests } from "./policy/run-ssh-tests";
import { runTests } from "./policy/run-tests";
import { refusalBody } from "./refusal";
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

  /**
   * A document is checked and its tests are run over it; an array is of tests for the policy that is kept. 200 either way, with a message
   * where something is wrong (api.md of tailscale/tailscale, "Validate and test tailnet's policy file").
   */
  async validate(actor: Actor, request: ApiRequest): Promise<ApiResponse> {
    requireScope(actor, "policy_file", "read");
    try {
      if (request.body.trimStart().startsWith("[")) await this.test(this.document, parseTests(request.body), []);
      else await this.check(parsePolicy(request.body));
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return { status: 200, json: refusalBody(error.message, error.data) };
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
      await this.check(document);
      await this.enforce(document);
      this.store.update({ policy: { text, untouched } });
    });
    this.last = change.catch(() => undefined);
    return change;
  }

  /** Refuses what the vendor refuses, and what the lab cannot enforce before the tests are believed. */
  private async check(document: PolicyDocument): Promise<void> {
    checkPolicy(document);
    // Whether the vendor takes a policy that speaks of a Service which is not there, no source says. So it is refused: a stack has to be in an
    // order that works either way.
    const missing = servicesOf(document).find((name) => !this.store.current.services.some((service) => service.name === name));
    if (missing !== undefined) throw refuse(`service not found: ${quote(missing)}`);
    toHeadscalePolicy(document, this.users.emails());
    await this.test(document, document.tests ?? [], document.sshTests ?? []);
  }

  private async test(document: PolicyDocument, tests: readonly PolicyTest[], sshTests: readonly SshTest[]): Promise<void> {
    if (tests.length + sshTests.length === 0) return;
    const tailnet = await this.tailnet();
    const failed = [...runTests(document, tests, tailnet), ...runSshTests(document, sshTests, tailnet)];
    if (failed.length > 0) throw testsFailed(failed);
  }

  private async tailnet(): Promise<Tailnet> {
    const nodes = await this.headscale.nodes();
    const devices = nodes.map(({ ipAddresses, user, ...node }) => {
      const tags = tagsOf(node);
      return { addresses: ipAddresses, tags, ...(tags.length > 0 ? {} : { user: user.email || user.name }) };
    });
    return { devices, routes: nodes.flatMap(({ approvedRoutes }) => approvedRoutes) };
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
