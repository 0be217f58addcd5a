import { requireScopes } from "./api-scopes.mjs";
import { requireService } from "./require-service.mjs";
import { isList, isObject, parseJson, textsOf } from "../run/json.mjs";
import { describeRejectedPolicy } from "./describe-rejected-policy.mjs";
import { TailnetApi } from "./tailnet-api.mjs";
import { ToolError } from "../run/tool-error.mjs";

/** @import { Device } from "./control-server.mjs" */
/** @import { DeviceFilter, LivePolicy } from "./control-server.mjs" */

const CORE = "devices:core";
const POLICY = "policy_file";
const HUJSON = "application/hujson";

/** Tailscale's control server as the tools need one (see open-control.mjs). */
export class TailscaleControl extends TailnetApi {
  machinesPage = "https://login.tailscale.com/admin/machines";
  policyPage = "https://login.tailscale.com/admin/acls";
  /** How to approve a route by hand. */
  routesPage = `${this.machinesPage} (Edit route settings)`;

  /**
   * What its policies do: as operator-tools/policy takes them to do.
   * @returns {Promise<undefined>}
   */
  policyTraits() {
    return Promise.resolve(undefined);
  }

  async requireAccess() {
    await requireScopes(this);
  }

  /** @param {{ readonly name: string; readonly comment: string }} wanted */
  async requireService(wanted) {
    await requireService(this, wanted);
  }

  /**
   * Devices that match all of the filter: exact, by the vendor (its OpenAPI file, listTailnetDevices) and by whoever asked.
   * @param {DeviceFilter} [filter]
   */
  async listDevices({ hostname, tag, withRoutes = false } = {}) {
    const query = new URLSearchParams({ ...(withRoutes && { fields: "all" }), ...(hostname && { hostname }), ...(tag && { tags: tag }) });
    const { text } = await this.call("GET", this.inTailnet(`/devices${query.size > 0 ? `?${query.toString()}` : ""}`), { scope: CORE });
    const answer = parseJson(text);
    const devices = isObject(answer) ? answer.devices : undefined;
    if (!isList(devices)) throw new ToolError("The tailnet's API answered the list of devices without `devices`. Check tailscale:baseUrl.");
    return devices.map(asDevice);
  }

  /**
   * The device with its routes, or undefined where it is gone.
   * @param {string} id
   */
  async getDevice(id) {
    const { ok, text } = await this.call("GET", `/api/v2/device/${encodeURIComponent(id)}?fields=all`, { scope: CORE, accept: [404] });
    if (!ok) return undefined;
    const device = parseJson(text);
    if (!isObject(device)) throw new ToolError("The tailnet's API answered a device without JSON. Check tailscale:baseUrl.");
    return asDevice(device);
  }

  /**
   * Resolves also where somebody else removed it meanwhile, or its own logout did.
   * @param {string} id
   */
  async deleteDevice(id) {
    await this.call("DELETE", `/api/v2/device/${encodeURIComponent(id)}`, { scope: CORE, accept: [404] });
  }

  /**
   * Exactly these routes of the device are enabled from now on.
   * @param {string} id
   * @param {readonly string[]} routes
   */
  async enableRoutes(id, routes) {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ routes });
    await this.call("POST", `/api/v2/device/${encodeURIComponent(id)}/routes`, { scope: "devices:routes", headers, body });
  }

  /**
   * Exactly these tags from now on; each must be the credential's own or owned by one of those (https://tailscale.com/api#tag/devices).
   * @param {string} id
   * @param {readonly string[]} tags
   */
  async setTags(id, tags) {
    const headers = { "content-type": "application/json" };
    await this.call("POST", `/api/v2/device/${encodeURIComponent(id)}/tags`, { scope: CORE, headers, body: JSON.stringify({ tags }) });
  }

  async readPolicy() {
    const { text, etag } = await this.call("GET", this.inTailnet("/acl"), { scope: POLICY, headers: { accept: HUJSON } });
    return { text, etag };
  }

  /**
   * Writes what the API finds valid, its tests included. Resolves with false where `live` is not the policy any more.
   * @param {string} text
   * @param {LivePolicy} live
   */
  async writePolicy(text, live) {
    if (!live.etag) {
      throw new ToolError(
        "The tailnet's API told the policy without its ETag, and a change of somebody else's could be overwritten; nothing was written. " +
          "Check tailscale:baseUrl, and any proxy that may take headers away.",
      );
    }
    await this.#validate(text);
    const headers = { "content-type": HUJSON, "if-match": live.etag };
    const reply = await this.call("POST", this.inTailnet("/acl"), { scope: POLICY, accept: [400, 412], headers, body: text });
    if (reply.status === 400) throw describeRejectedPolicy(reply.text, text, this.policyPage);
    return reply.ok;
  }

  /** @param {string} text */
  async #validate(text) {
    const headers = { "content-type": HUJSON };
    const reply = await this.call("POST", this.inTailnet("/acl/validate"), { scope: POLICY, accept: [400], headers, body: text });
    // Valid: an empty body or {}. Otherwise the same form as a refusal, under 200 (https://tailscale.com/api#tag/policyfile).
    if (!reply.ok || /"message"\s*:\s*"[^"]/.test(reply.text)) throw describeRejectedPolicy(reply.text, text, this.policyPage);
  }
}

/**
 * nodeId is the preferred identifier, id the older one; the API takes either (https://tailscale.com/api#tag/devices).
 * @type {(device: unknown) => Device}
 */
function asDevice(device) {
  const { nodeId, id, name, hostname, tags, isExternal, connectedToControl, addresses, advertisedRoutes, enabledRoutes } = isObject(device)
    ? device
    : {};
  return {
    id: String(nodeId || id),
    name: String(name),
    hostname: String(hostname),
    tags: textsOf(tags),
    isExternal: isExternal === true,
    isOnline: connectedToControl === true,
    addresses: textsOf(addresses),
    advertisedRoutes: textsOf(advertisedRoutes),
    enabledRoutes: textsOf(enabledRoutes),
  };
}
