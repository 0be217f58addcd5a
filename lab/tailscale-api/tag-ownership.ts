import type { Actor } from "./access";
import { ApiError, tagsNotPermitted } from "./api-error";
import type { PolicyDocument } from "./policy/policy-document";

/**
 * A user's key may name any tag of tagOwners (the lab's users are administrators). A client's key must name exactly the client's tags,
 * or only tags that those own (the vendor's OpenAPI file, createKey; tailscale/terraform-provider-tailscale#437 for "exactly").
 */
export function requireTags(actor: Actor, policy: PolicyDocument, tags: readonly string[]): void {
  if (actor.kind === "client" && tags.length === 0) throw new ApiError(400, "tailnet-owned auth key must have tags set");
  const owners = policy.tagOwners ?? {};
  if (!tags.every((tag) => owners[tag] !== undefined)) throw tagsNotPermitted(tags);
  if (actor.kind === "user") return;
  const isExactly = tags.length === actor.tags.length && tags.every((tag) => actor.tags.includes(tag));
  const isOwned = tags.every((tag) => owners[tag]?.some((owner) => actor.tags.includes(owner)) === true);
  if (!isExactly && !isOwned) throw tagsNotPermitted(tags);
}
