import { setTimeout } from "node:timers/promises";
import type { Actor } from "./access";
import { requireScope } from "./access";
import { ApiError, deviceNotFound } from "./api-error";
import type { HeadscaleClient, HeadscaleNode } from "./headscale-client";
import { tagsOf } from "./headscale-client";
import type { ApiResponse } from "./http-types";
import type { PolicyDocument } from "./policy/policy-document";
import { readShape } from "./shape";
import { requireTags } from "./tag-ownership";

const LET_GO_MS = 2000;

/** The devices resource: https://tailscale.com/api#tag/devices. */
export class Devices {
  constructor(
    private readonly headscale: HeadscaleClient,
    private readonly tailnetDomain: string,
    private readonly policy: () => PolicyDocument,
  ) {}

  async list(actor: Actor, query: URLSearchParams): Promise<ApiResponse> {
    requireScope(actor, "devices:core", "read");
    const devices = (await this.headscale.nodes()).map((node) => this.describe(node, wantsAll(query)));
    return { status: 200, json: { devices: devices.filter((device) => matches(device, query)) } };
  }

  async get(actor: Actor, id: string, query: URLSearchParams): Promise<ApiResponse> {
    requireScope(actor, "devices:core", "read");
    return { status: 200, json: this.describe(await this.find(id), wantsAll(query)) };
  }

  async delete(actor: Actor, id: string): Promise<ApiResponse> {
    requireScope(actor, "devices:core", "write");
    const node = await this.find(id);
    await this.letGo(node.id);
    await this.headscale.deleteNode(node.id);
    return { status: 200, json: null };
  }

  /**
   * Of a machine that has only just ended. headscale 0.26.1 panics where a device is gone before its poll ends, keeps the dead poll for ever, and
   * from then on loses updates to other devices at random ("update not sent", hscontrol/poll.go): a fault that the vendor's server has not.
   */
  private async letGo(id: string): Promise<void> {
    const until = Date.now() + LET_GO_MS;
    const isOnline = async () => (await this.headscale.nodes()).some((node) => node.id === id && node.online);
    while (Date.now() < until && (await isOnline())) await setTimeout(100);
  }

  async expire(actor: Actor, id: string): Promise<ApiResponse> {
    requireScope(actor, "devices:core", "write");
    const node = await this.find(id);
    await this.headscale.expireNode(node.id);
    return { status: 200, json: null };
  }

  async getRoutes(actor: Actor, id: string): Promise<ApiResponse> {
    requireScope(actor, "devices:routes", "read");
    return { status: 200, json: routesOf(await this.find(id)) };
  }

  async setRoutes(actor: Actor, id: string, body: unknown): Promise<ApiResponse> {
    requireScope(actor, "devices:routes", "write");
    const { routes } = readShape({ fields: { routes: { list: "string" } } }, body) as { routes?: readonly string[] };
    if (routes === undefined) throw new ApiError(400, "routes is required");
    const node = await this.find(id);
    await this.headscale.approveRoutes(node.id, routes);
    return { status: 200, json: routesOf(await this.find(id)) };
  }

  /** Asked for by whom a key with these tags would be given (the vendor's OpenAPI file, setDeviceTags; no source shows its refusals). */
  async setTags(actor: Actor, id: string, body: unknown): Promise<ApiResponse> {
    requireScope(actor, "devices:core", "write");
    const { tags } = readShape({ fields: { tags: { list: "string" } } }, body) as { tags?: readonly string[] };
    if (tags === undefined) throw new ApiError(400, "tags is required");
    const node = await this.find(id);
    requireTags(actor, this.policy(), tags);
    await this.headscale.setTags(node.id, tags);
    return { status: 200, json: null };
  }

  private async find(id: string): Promise<HeadscaleNode> {
    const node = (await this.headscale.nodes()).find((candidate) => candidate.id === id || nodeId(candidate) === id);
    if (node === undefined) throw deviceNotFound();
    return node;
  }

  private describe(node: HeadscaleNode, all: boolean): Record<string, unknown> {
    const tags = tagsOf(node);
    const isTagged = tags.length > 0;
    return {
      id: node.id,
      nodeId: nodeId(node),
      name: `${node.givenName}.${this.tailnetDomain}`,
      hostname: node.name,
      addresses: node.ipAddresses,
      user: isTagged ? "tagged-devices" : node.user.email || node.user.name,
      ...(isTagged ? { tags } : {}),
      // headscale's REST interface does not tell them; every lab device is Linux.
      ...{ os: "linux", clientVersion: "", updateAvailable: false, isExternal: false, blocksIncomingConnections: false },
      created: node.createdAt,
      lastSeen: node.lastSeen ?? node.createdAt,
      connectedToControl: node.online,
      // Keys of tagged devices do not expire (https://tailscale.com/kb/1068/tags).
      keyExpiryDisabled: isTagged || node.expiry === null,
      expires: isTagged || node.expiry === null ? "0001-01-01T00:00:00Z" : node.expiry,
      authorized: true,
      isEphemeral: node.preAuthKey?.ephemeral === true,
      machineKey: node.machineKey,
      nodeKey: node.nodeKey,
      ...(all ? routesOf(node) : {}),
    };
  }
}

function nodeId(node: HeadscaleNode): string {
  return `n${node.id.padStart(8, "0")}CNTRL`;
}

function routesOf(node: HeadscaleNode): { readonly advertisedRoutes: readonly string[]; readonly enabledRoutes: readonly string[] } {
  return { advertisedRoutes: node.availableRoutes, enabledRoutes: node.approvedRoutes };
}

function wantsAll(query: URLSearchParams): boolean {
  return (query.get("fields") ?? "").split(",").includes("all");
}

/** Filters such as tags=tag:prod&hostname=x: exact, all must hold (the vendor's OpenAPI file, listTailnetDevices). */
function matches(device: Readonly<Record<string, unknown>>, query: URLSearchParams): boolean {
  return [...query].every(([field, value]) => {
    if (field === "fields") return true;
    const held = device[field];
    return Array.isArray(held) ? held.includes(value) : String(held) === value;
  });
}
