import { identify } from "./access";
import type { Actor } from "./access";
import { ApiError, tailnetNotFound } from "./api-error";
import type { AuthKeys } from "./auth-keys";
import type { Devices } from "./devices";
import type { ApiRequest, ApiResponse } from "./http-types";
import { issueToken } from "./oauth-token";
import type { PolicyFile } from "./policy-file";
import { responseOf } from "./refusal";
import type { Services } from "./services";
import type { StateStore } from "./state-store";

export interface Tailnet {
  readonly store: StateStore;
  readonly keys: AuthKeys;
  readonly devices: Devices;
  readonly policy: PolicyFile;
  readonly services: Services;
  /** The tailnet's name in paths, beside "-". */
  readonly name: string;
}

export interface Answered {
  readonly response: ApiResponse;
  /** User or OAuth client that asked, for the request log; empty where it is not known. */
  readonly actor: string;
  /** The scopes of an OAuth client that the request made use of. */
  readonly scopes: readonly string[];
}

/** Answers one request below /api/v2; a refusal is an answer too. */
export async function answer(tailnet: Tailnet, request: ApiRequest): Promise<Answered> {
  const now = new Date();
  let name = "";
  let used: ReadonlySet<string> = new Set();
  const answered = (response: ApiResponse): Answered => ({ response, actor: name, scopes: [...used] });
  try {
    if (request.path === "/oauth/token" && request.method === "POST") return answered(issueToken(tailnet.store, request, now));
    const actor = identify(tailnet.store, request.headers.authorization, now);
    if (actor.kind === "client") used = actor.used;
    name = actor.kind === "user" ? actor.user : actor.clientId;
    return answered(await route(tailnet, actor, request, now));
  } catch (error) {
    return answered(responseOf(error, request));
  }
}

async function route(tailnet: Tailnet, actor: Actor, request: ApiRequest, now: Date): Promise<ApiResponse> {
  const [, resource = "", id = "", ...rest] = request.path.split("/").map(decodeURIComponent);
  if (resource === "tailnet") {
    if (id !== "-" && id !== tailnet.name) throw tailnetNotFound();
    return await routeTailnet(tailnet, actor, request, rest, now);
  }
  if (resource === "device" && id !== "") return await routeDevice(tailnet.devices, actor, request, id, rest.join("/"));
  throw notServed(request);
}

async function routeTailnet(tailnet: Tailnet, actor: Actor, request: ApiRequest, rest: readonly string[], now: Date): Promise<ApiResponse> {
  const { keys, devices, policy, services } = tailnet;
  const [collection, id, ...below] = rest;
  if (below.length > 0) throw notServed(request);
  switch (`${request.method} ${collection ?? ""}${id === undefined ? "" : "/"}`) {
    case "GET keys":
      return await keys.list(actor, request.query.get("all") === "true", now);
    case "POST keys":
      return await keys.create(actor, readJson(request), now);
    case "GET keys/":
      return await keys.get(actor, id ?? "", now);
    case "DELETE keys/":
      return await keys.delete(actor, id ?? "", now);
    case "GET acl":
      return policy.get(actor, request);
    case "POST acl":
      return await policy.set(actor, request);
    case "POST acl/":
      if (id === "validate") return await policy.validate(actor, request);
      throw notServed(request);
    case "GET devices":
      return await devices.list(actor, request.query);
    // The documented path, and the one that the vendor's own clients ask (tailscale-client-go-v2, vip_services.go).
    case "GET services":
    case "GET vip-services":
      return services.list(actor);
    case "GET services/":
    case "GET vip-services/":
      return services.get(actor, id ?? "");
    case "PUT services/":
    case "PUT vip-services/":
      return services.put(actor, id ?? "", readJson(request));
    case "DELETE services/":
    case "DELETE vip-services/":
      return services.delete(actor, id ?? "");
    default:
      throw notServed(request);
  }
}

async function routeDevice(devices: Devices, actor: Actor, request: ApiRequest, id: string, action: string): Promise<ApiResponse> {
  switch (`${request.method} ${action}`) {
    case "GET ":
      return await devices.get(actor, id, request.query);
    case "DELETE ":
      return await devices.delete(actor, id);
    case "POST expire":
      return await devices.expire(actor, id);
    case "GET routes":
      return await devices.getRoutes(actor, id);
    case "POST tags":
      return await devices.setTags(actor, id, readJson(request));
    case "POST routes":
      return await devices.setRoutes(actor, id, readJson(request));
    default:
      throw notServed(request);
  }
}

function readJson(request: ApiRequest): unknown {
  try {
    return JSON.parse(request.body) as unknown;
  } catch (error) {
    throw new ApiError(400, `invalid JSON: ${(error as Error).message}`);
  }
}

function notServed(request: ApiRequest): ApiError {
  return new ApiError(404, `404 page not found (the lab does not emulate ${request.method} ${request.path})`);
}
