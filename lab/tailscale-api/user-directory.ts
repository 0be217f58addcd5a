import { createHash } from "node:crypto";
import type { HeadscaleClient, HeadscaleUser } from "./headscale-client";

/** Until 0.27 headscale wants a user for every key; tagged ones belong to this one, which no policy names. */
const TAGGED_DEVICES = "tagged-devices";

/** Users by e-mail address: headscale matches a policy's user with its users' e-mail addresses (policy/v2/types.go, resolveUser). */
export class UserDirectory {
  private readonly known = new Map<string, HeadscaleUser>();

  constructor(private readonly headscale: HeadscaleClient) {}

  async load(): Promise<void> {
    for (const user of await this.headscale.users()) this.known.set(user.email || user.name, user);
    await this.accountOf(undefined);
  }

  emails(): readonly string[] {
    return [...this.known.keys()].filter((name) => name !== TAGGED_DEVICES);
  }

  /** Whose a new key is; of a tagged one nobody, where headscale knows such keys. */
  async accountOf(owner: string | undefined): Promise<HeadscaleUser | undefined> {
    if (owner !== undefined) return this.ensure(owner);
    return (await this.headscale.needsUsers()) ? this.ensure(TAGGED_DEVICES) : undefined;
  }

  async ensure(name: string): Promise<HeadscaleUser> {
    const there = this.known.get(name);
    if (there !== undefined) return there;
    const created =
      name === TAGGED_DEVICES ? await this.headscale.createUser(name, "") : await this.headscale.createUser(accountName(name), name);
    this.known.set(name, created);
    return created;
  }
}

// headscale's user names start with a letter and know few characters (hscontrol/util/dns.go, ValidateUsername).
function accountName(email: string): string {
  return `u-${createHash("sha256").update(email).digest("hex").slice(0, 12)}`;
}
