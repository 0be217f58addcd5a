import { isIPv4 } from "node:net";
import type { Actor } from "./access";
import { requireScope } from "./access";
import { ApiError, serviceNotFound, tagsNotPermitted } from "./api-error";
import type { ApiResponse } from "./http-types";
import type { PolicyDocument } from "./policy/policy-document";
import type { Shape } from "./shape";
import { readShape } from "./shape";
import type { Service, StateStore } from "./state-store";

/** The fields of the vendor's OpenAPI file (VIPServiceInfoPut), and the one that its own Go client sends besides (tailscale-client-go-v2, vip_services.go). */
const requestShape: Shape = {
  fields: {
    ...{ name: "string", displayName: "string", comment: "string", addrs: { list: "string" } },
    ...{ annotations: { map: "string" }, ports: { list: "string" }, tags: { list: "string" } },
  },
};

type ServiceRequest = Partial<Service>;

/**
 * The Services resource: https://tailscale.com/api#tag/services. Kept and answered, and no more: headscale gives no device the addresses of a
 * Service, so that nothing answers there, and it asks no device which Services it hosts. So the list of hosts and their approval are not served.
 */
export class Services {
  constructor(
    private readonly store: StateStore,
    private readonly policy: () => PolicyDocument,
  ) {}

  list(actor: Actor): ApiResponse {
    requireScope(actor, "services", "read");
    return { status: 200, json: { vipServices: this.store.current.services } };
  }

  get(actor: Actor, name: string): ApiResponse {
    requireScope(actor, "services", "read");
    return { status: 200, json: this.find(name) };
  }

  /** Makes it or writes all of it anew; by another name in the body it is renamed (the vendor's OpenAPI file, updateService). */
  put(actor: Actor, path: string, body: unknown): ApiResponse {
    requireScope(actor, "services", "write");
    const wanted = readShape(requestShape, body) as ServiceRequest;
    const { services } = this.store.current;
    const there = services.find(({ name }) => name === path);
    const name = wanted.name ?? "";
    checkName(name);
    if (there === undefined && name !== path) throw new ApiError(400, `the name ${JSON.stringify(name)} is not that of the path`);
    if (name !== path && services.some((other) => other.name === name)) throw new ApiError(400, `${name} is there already`);
    (wanted.ports ?? []).forEach(checkPort);
    this.checkTags(wanted.tags ?? []);
    const { displayName } = wanted;
    const service: Service = {
      ...(displayName === undefined ? {} : { displayName }),
      ...{ name, addrs: this.addressesOf(there, wanted.addrs ?? []), comment: wanted.comment ?? "" },
      ...{ ports: wanted.ports ?? [], tags: wanted.tags ?? [], annotations: wanted.annotations ?? {} },
    };
    this.store.update({ services: [...services.filter((other) => other !== there), service] });
    return { status: 200, json: service };
  }

  delete(actor: Actor, name: string): ApiResponse {
    requireScope(actor, "services", "write");
    const gone = this.find(name);
    this.store.update({ services: this.store.current.services.filter((service) => service !== gone) });
    return { status: 200, json: null };
  }

  private find(name: string): Service {
    const found = this.store.current.services.find((service) => service.name === name);
    if (found === undefined) throw serviceNotFound();
    return found;
  }

  /** Whether a client must own them, no source says. */
  private checkTags(tags: readonly string[]): void {
    const { tagOwners = {} } = this.policy();
    if (!tags.every((tag) => tagOwners[tag] !== undefined)) throw tagsNotPermitted(tags);
  }

  /** A new one: none or one IPv4. A living one: both, of which the IPv4 may be another (the vendor's OpenAPI file, VIPServiceInfoPut). */
  private addressesOf(there: Service | undefined, wanted: readonly string[]): readonly string[] {
    const [v4, v6] = wanted;
    if (v4 !== undefined && !isIPv4(v4)) throw new ApiError(400, `addrs: ${JSON.stringify(v4)} is no IPv4 address`);
    if (there === undefined) {
      if (wanted.length > 1) throw new ApiError(400, "addrs: a new Service takes one IPv4 address at most");
      const free = this.freeNumber();
      return [v4 ?? `100.127.0.${free}`, `fd7a:115c:a1e0::7f00:${free.toString(16)}`];
    }
    if (wanted.length === 0) return there.addrs;
    if (wanted.length !== 2 || v6 !== there.addrs[1]) throw new ApiError(400, "addrs: an IPv4 and the Service's own IPv6 address");
    return wanted;
  }

  private freeNumber(): number {
    const taken = this.store.current.services.flatMap(({ addrs }) => addrs);
    for (let number = 1; ; number += 1) if (!taken.includes(`fd7a:115c:a1e0::7f00:${number.toString(16)}`)) return number;
  }
}

/** tailscale.com/tailcfg, ServiceName.Validate. */
function checkName(name: string): void {
  if (!name.startsWith("svc:")) throw new ApiError(400, `${JSON.stringify(name)} is not a valid service name: must start with 'svc:'`);
  if (!/^svc:[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    throw new ApiError(400, `${JSON.stringify(name)} is not a valid service name`);
}

/** "tcp" alone so far, or "do-not-validate" (the vendor's OpenAPI file). */
function checkPort(port: string): void {
  const [, number = ""] = /^tcp:([1-9]\d{0,4})$/.exec(port) ?? [];
  if (port !== "do-not-validate" && (number === "" || Number(number) > 65_535))
    throw new ApiError(400, `invalid port ${JSON.stringify(port)}`);
}
