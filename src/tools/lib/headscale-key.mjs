import { requireFields } from "./input.mjs";
import { openControl } from "./open-control.mjs";
import { keyUser } from "./policy-resource.mjs";

/** Makes a key for one login of one node; reveals {id, key, user?}. */
export async function createKey(input, { env, out, reveal, limits = {}, now = Date.now }) {
  requireFields(input, ["cluster", "tags", "expirySeconds", "tailnet.loginServer"]);
  const { cluster, tags, isEphemeral, expirySeconds } = input;
  const control = openControl(input.tailnet, { env, out, limits: limits.api });
  const user = await control.ensureKeyUser(keyUser({ cluster: { name: cluster } }));
  const expiration = new Date(now() + expirySeconds * 1000).toISOString();
  const { id, key } = await control.createKey({ user, tags, isEphemeral: isEphemeral === true, expiration });
  out.keepSecret(key);
  reveal({ id, key, ...(user !== undefined && { user }) });
}

/** The key lets nobody in any more; one that is gone is as good. */
export async function expireKey({ tailnet, id, key, user }, { env, out, limits = {} }) {
  await openControl(tailnet, { env, out, limits: limits.api }).expireKey({ id, key, user });
}
