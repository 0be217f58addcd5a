import { HeadscaleApi } from "./headscale-api.mjs";
import { isTooOld } from "./headscale-versions.mjs";
import { NO_POLICY } from "./policy/no-policy.mjs";
import { policyRefused } from "./policy-refused.mjs";
import { ToolError } from "./tool-error.mjs";

const IS_GONE = /not found/i;

/** A headscale as the tools need a control server (see open-control.mjs). */
export class HeadscaleControl extends HeadscaleApi {
  machinesPage = "your headscale (headscale nodes list)";
  policyPage = "your headscale (headscale policy get, headscale policy set)";
  routesPage = "your headscale (headscale nodes approve-routes)";

  /**
   * A policy without rules denies everything here (run), and what a release does not know it refuses or, before 0.27, ignores. 0.29, the first
   * to run tests, fails those whose source or destination has no device at that moment, denials too (run; hscontrol/policy/v2/test.go,
   * runPolicyTest): with ours no first node could come, and no policy be saved while an operator has no device.
   */
  async policyTraits() {
    const { policySections, knowsMembers = true, minor } = await this.release();
    return {
      server: `headscale 0.${minor}`,
      sections: policySections,
      knowsMembers,
      openWithoutRules: false,
      testsBeforeDevices: false,
    };
  }

  /** A release that is not known or a key that is not valid must be seen before anything is made. */
  async requireAccess() {
    await this.release();
    await this.call("GET", "/user");
  }

  /** A login of a tailscale that headscale takes for too old ends without a reason, and would be told as a dead key. */
  async requireClient(version) {
    const release = await this.release();
    if (!isTooOld(version, release)) return;
    throw new ToolError(
      `hybrid-k3s:vpn.version: ${version} is older than the oldest tailscale that headscale 0.${release.minor} lets in, ${release.oldestClient}; nothing was changed. ` +
        `Use ${release.oldestClient}.0 or newer, for example 1.88.3.`,
    );
  }

  async listDevices({ hostname, tag } = {}) {
    const { nodes } = (await this.call("GET", "/node")).json;
    if (!Array.isArray(nodes)) throw new ToolError("headscale answered the list of nodes without `nodes`. Check vpn.loginServer.");
    return nodes.map(asDevice).filter((device) => (!hostname || device.hostname === hostname) && (!tag || device.tags.includes(tag)));
  }

  async getDevice(id) {
    const { ok, json } = await this.call("GET", `/node/${id}`, { accept: IS_GONE });
    return ok ? asDevice(json.node) : undefined;
  }

  async deleteDevice(id) {
    await this.call("DELETE", `/node/${id}`, { accept: IS_GONE });
  }

  async enableRoutes(id, routes) {
    await this.call("POST", `/node/${id}/approve_routes`, { body: { routes } });
  }

  /** `isFixed`: it stands in a file on headscale's machine, which the API can only read (no updatedAt: hscontrol/grpcv1.go, GetPolicy). */
  async readPolicy() {
    const { ok, json } = await this.call("GET", "/policy", { accept: /acl policy not found/ });
    return { text: (ok && json.policy) || NO_POLICY, isFixed: ok && !json.updatedAt };
  }

  /**
   * There is no ETag: what somebody writes between the look here and our writing is lost, and ours where they looked before it; the next run
   * sees that. headscale checks the text before it stores it, 0.29 its tests too.
   */
  async writePolicy(text, live) {
    const now = await this.readPolicy();
    if (now.isFixed) throw new ToolError(FIXED_POLICY);
    if (now.text !== live.text) return false;
    const { ok, message } = await this.call("PUT", "/policy", { body: { policy: text }, accept: /./ });
    if (!ok) throw policyRefused(JSON.stringify({ message }), text, this.policyPage);
    return true;
  }

  /** The id of the user that keys belong to, made where it is missing; undefined where keys need none. */
  async ensureKeyUser(name) {
    if (!(await this.release()).keysNeedUser) return undefined;
    const there = await this.#findUser(name);
    if (there) return there.id;
    return (await this.call("POST", "/user", { body: { name } })).json.user.id;
  }

  /** Removes the user with its keys. From 0.28 on none is made, and none may go: that takes the keys of all users along (db.DestroyUser at v0.28.0). */
  async removeKeyUser(name) {
    if (!(await this.release()).keysNeedUser) return;
    const user = await this.#findUser(name);
    if (user) await this.call("DELETE", `/user/${user.id}`, { accept: /not found|still has|node\(s\) found/i });
  }

  async #findUser(name) {
    const { users = [] } = (await this.call("GET", `/user?name=${encodeURIComponent(name)}`)).json;
    return users.find((user) => user.name === name);
  }

  /** {id, key, user}: a key for one login. */
  async createKey({ user, tags, isEphemeral, expiration }) {
    const body = { ...(user !== undefined && { user }), reusable: false, ephemeral: isEphemeral, expiration, aclTags: tags };
    const { id, key } = (await this.call("POST", "/preauthkey", { body })).json.preAuthKey;
    return { id, key };
  }

  async expireKey({ id, key, user }) {
    const { keysNeedUser } = await this.release();
    const body = keysNeedUser ? { user, key } : { id };
    await this.call("POST", "/preauthkey/expire", { body, accept: IS_GONE });
  }
}

export const FIXED_POLICY =
  "headscale keeps its policy in a file (policy.mode: file in its config), which its API cannot write. Set policy.mode: database there, restart it " +
  "and load the file once (headscale policy set -f FILE); or write vpn.policy: none, and keep this cluster's lines in the file yourself.";

function asDevice({ id, givenName, name, tags, forcedTags = [], validTags = [], online, ipAddresses, availableRoutes, approvedRoutes }) {
  return {
    id,
    name: givenName,
    hostname: name,
    tags: tags ?? [...new Set([...forcedTags, ...validTags])],
    isExternal: false,
    isOnline: online === true,
    addresses: ipAddresses ?? [],
    advertisedRoutes: availableRoutes ?? [],
    enabledRoutes: approvedRoutes ?? [],
  };
}
