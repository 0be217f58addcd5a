import { HeadscaleApi } from "./headscale-api.mjs";
import { isTooOld } from "./headscale-versions.mjs";
import { isList, isObject, textsOf } from "../run/json.mjs";
import { NO_POLICY } from "../policy/no-policy.mjs";
import { describeRejectedPolicy } from "./describe-rejected-policy.mjs";
import { ToolError } from "../run/tool-error.mjs";

/** @import { Device } from "./control-server.mjs" */
/** @import { DeviceFilter, LivePolicy } from "./control-server.mjs" */

/** @typedef {{ readonly id: string; readonly key: string; readonly user?: string | undefined }} JoinKey */

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

  /**
   * A login of a tailscale that headscale takes for too old ends without a reason, and would be told as a dead key.
   * @param {string} version
   */
  async requireClient(version) {
    const release = await this.release();
    if (!isTooOld(version, release)) return;
    throw new ToolError(
      `hybrid-k3s:vpn.version: ${version} is older than the oldest tailscale that headscale 0.${release.minor} lets in, ${release.oldestClient}; nothing was changed. ` +
        `Use ${release.oldestClient}.0 or newer, for example 1.88.3.`,
    );
  }

  /** @param {DeviceFilter} [filter] */
  async listDevices({ hostname, tag } = {}) {
    const { nodes } = (await this.call("GET", "/node")).json;
    if (!isList(nodes)) throw new ToolError("headscale answered the list of nodes without `nodes`. Check vpn.loginServer.");
    return nodes.map(asDevice).filter((device) => (!hostname || device.hostname === hostname) && (!tag || device.tags.includes(tag)));
  }

  /** @param {string} id */
  async getDevice(id) {
    const { ok, json } = await this.call("GET", `/node/${id}`, { accept: IS_GONE });
    return ok ? asDevice(json.node) : undefined;
  }

  /** @param {string} id */
  async deleteDevice(id) {
    await this.call("DELETE", `/node/${id}`, { accept: IS_GONE });
  }

  /**
   * @param {string} id
   * @param {readonly string[]} routes
   */
  async enableRoutes(id, routes) {
    await this.call("POST", `/node/${id}/approve_routes`, { body: { routes } });
  }

  /**
   * @param {string} id
   * @param {readonly string[]} tags
   */
  async setTags(id, tags) {
    await this.call("POST", `/node/${id}/tags`, { body: { tags } });
  }

  /**
   * `isFixed`: it stands in a file on headscale's machine, which the API can only read (no updatedAt: hscontrol/grpcv1.go, GetPolicy).
   * @returns {Promise<LivePolicy>}
   */
  async readPolicy() {
    const { ok, json } = await this.call("GET", "/policy", { accept: /acl policy not found/ });
    return { text: (ok && typeof json.policy === "string" && json.policy) || NO_POLICY, isFixed: ok && !json.updatedAt };
  }

  /**
   * There is no ETag: what somebody writes between the look here and our writing is lost, and ours where they looked before it; the next run
   * sees that. headscale checks the text before it stores it, 0.29 its tests too.
   * @param {string} text
   * @param {LivePolicy} live
   */
  async writePolicy(text, live) {
    const now = await this.readPolicy();
    if (now.isFixed) throw new ToolError(FIXED_POLICY);
    if (now.text !== live.text) return false;
    const { ok, message } = await this.call("PUT", "/policy", { body: { policy: text }, accept: /./ });
    if (!ok) throw describeRejectedPolicy(JSON.stringify({ message }), text, this.policyPage);
    return true;
  }

  /**
   * The id of the user that keys belong to, made where it is missing; undefined where keys need none.
   * @param {string} name
   * @returns {Promise<string | undefined>}
   */
  async ensureKeyUser(name) {
    if (!(await this.release()).keysNeedUser) return undefined;
    const there = await this.#findUser(name);
    if (there) return there.id;
    return idIn("user", (await this.call("POST", "/user", { body: { name } })).json);
  }

  /**
   * Removes the user with its keys. From 0.28 on none is made, and none may go: that takes the keys of all users along (db.DestroyUser at v0.28.0).
   * @param {string} name
   */
  async removeKeyUser(name) {
    if (!(await this.release()).keysNeedUser) return;
    const user = await this.#findUser(name);
    if (user) await this.call("DELETE", `/user/${user.id}`, { accept: /not found|still has|node\(s\) found/i });
  }

  /**
   * @param {string} name
   * @returns {Promise<{ id: string } | undefined>}
   */
  async #findUser(name) {
    const { users } = (await this.call("GET", `/user?name=${encodeURIComponent(name)}`)).json;
    const found = isList(users) ? users.find((user) => isObject(user) && user.name === name) : undefined;
    return found === undefined ? undefined : { id: idIn("user", { user: found }) };
  }

  /**
   * A key for one login.
   * @param {{ readonly user: string | undefined; readonly tags: readonly string[]; readonly isEphemeral: boolean; readonly expiration: string }} wanted
   * @returns {Promise<JoinKey>}
   */
  async createKey({ user, tags, isEphemeral, expiration }) {
    const body = { ...(user !== undefined && { user }), reusable: false, ephemeral: isEphemeral, expiration, aclTags: tags };
    const { json } = await this.call("POST", "/preauthkey", { body });
    const id = idIn("preAuthKey", json);
    const key = isObject(json.preAuthKey) ? json.preAuthKey.key : undefined;
    if (typeof key !== "string") throw lacks("preAuthKey.key");
    return { id, key };
  }

  /** @param {JoinKey} made */
  async expireKey({ id, key, user }) {
    const { keysNeedUser } = await this.release();
    const body = keysNeedUser ? { user, key } : { id };
    await this.call("POST", "/preauthkey/expire", { body, accept: IS_GONE });
  }
}

export const FIXED_POLICY =
  "headscale keeps its policy in a file (policy.mode: file in its config), which its API cannot write. Set policy.mode: database there, restart it " +
  "and load the file once (headscale policy set -f FILE); or write vpn.policy: none, and keep this cluster's lines in the file yourself.";

/**
 * The id in a part of an answer; a number in JSON is a text in headscale's, and the other way round.
 * @type {(part: string, json: Record<string, unknown>) => string}
 */
function idIn(part, json) {
  const id = isObject(json[part]) ? json[part].id : undefined;
  if (typeof id !== "string" && typeof id !== "number") throw lacks(`${part}.id`);
  return String(id);
}

/** @type {(what: string) => ToolError} */
const lacks = (what) => new ToolError(`headscale answered without \`${what}\`. Check vpn.loginServer.`);

/** @type {(node: unknown) => Device} */
function asDevice(node) {
  const { id, givenName, name, tags, forcedTags, validTags, online, ipAddresses, availableRoutes, approvedRoutes } = isObject(node)
    ? node
    : {};
  return {
    id: String(id),
    name: String(givenName),
    hostname: String(name),
    tags: isList(tags) ? textsOf(tags) : [...new Set([...textsOf(forcedTags), ...textsOf(validTags)])],
    isExternal: false,
    isOnline: online === true,
    addresses: textsOf(ipAddresses),
    advertisedRoutes: textsOf(availableRoutes),
    enabledRoutes: textsOf(approvedRoutes),
  };
}
