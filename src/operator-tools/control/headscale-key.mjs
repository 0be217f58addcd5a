import { openHeadscale } from "./open-control.mjs";
import { keyUser } from "../policy/policy-resource.mjs";
import { fields, flag, listOf, number, optional, readFields, text } from "../run/read-fields.mjs";
import { tailnetFields } from "../run/tool-input.mjs";

/** @import { ToolContext } from "../run/output.mjs" */
/** @import { ToolLimits } from "../ssh/run-on-host.mjs" */
/** @import { Reveal } from "../host/run-script.mjs" */

const headscale = fields({ ...tailnetFields, loginServer: text });
const keyInput = fields({ cluster: text, tags: listOf(text), isEphemeral: optional(flag), expirySeconds: number, tailnet: headscale });
const madeKeyInput = fields({ tailnet: headscale, id: text, key: text, user: optional(text) });

/**
 * Makes a key for one login of one node; reveals {id, key, user?}.
 * @type {(given: unknown, context: ToolContext & { readonly reveal: Reveal; readonly limits?: ToolLimits; readonly now?: () => number }) => Promise<void>}
 */
export async function createKey(given, { env, out, reveal, limits = {}, now = Date.now }) {
  const { cluster, tags, isEphemeral, expirySeconds, tailnet } = readFields(given, keyInput);
  const control = openHeadscale(tailnet, { env, out, limits: limits.api });
  const user = await control.ensureKeyUser(keyUser(cluster));
  const expiration = new Date(now() + expirySeconds * 1000).toISOString();
  const { id, key } = await control.createKey({ user, tags, isEphemeral: isEphemeral === true, expiration });
  out.keepSecret(key);
  reveal({ id, key, ...(user !== undefined && { user }) });
}

/**
 * The key lets nobody in any more; one that is gone is as good.
 * @type {(given: unknown, context: ToolContext & { readonly limits?: ToolLimits }) => Promise<void>}
 */
export async function expireKey(given, { env, out, limits = {} }) {
  const { tailnet, id, key, user } = readFields(given, madeKeyInput);
  await openHeadscale(tailnet, { env, out, limits: limits.api }).expireKey({ id, key, user });
}
