import { createHash } from "node:crypto";
import type { HeadscaleClient, HeadscaleUser } from "./headscale-client";

/** headscale wants a user for every key; tagged ones belong to this one, which no policy names. */
export const TAGGED_DEVICES = "tagged-devices";

/** Users by e-mail address: headscale matches a policy's user with its users' e-mail addresses (policy/v2/types.go, resolveUser). */
export class UserDirectory {
  private readonly known = new Map<string, HeadscaleUser>();

  constructor(private readonly headscale: HeadscaleClient) {}

  async load(): Promise<void> {
    for (const user of await this.headscale.users()) this.known.set(user.email || user.name, user);
    await this.ensure(TAGGED_DEVICES);
  }

  emails(): readonly string[] {
    return [...this.known.keys()].filter((name) => name !== TAGGED_DEVICES);
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
