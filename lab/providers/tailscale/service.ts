import { checkProperties } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, UNKNOWN, isList, textOf } from "../plugin/property-values";
import type { ResourceType } from "../plugin/provider";
import type { ApiClient } from "./api-client";
import { isNotFound, wrapped } from "./api-error";

interface Service {
  readonly name?: string;
  readonly addrs?: readonly string[];
  readonly comment?: string;
  readonly ports?: readonly string[];
  readonly tags?: readonly string[] | null;
}

/** tailscale:index/service:Service, as tailscale/terraform-provider-tailscale: tailscale/resource_service.go has it. Its id is its name. */
export function serviceResource(type: ObjectType, api: () => ApiClient): ResourceType {
  const path = (name: string) => ["vip-services", name];
  const put = async (service: Properties): Promise<void> => {
    const body = JSON.stringify(withoutEmpty({ addrs: [], ...service }));
    await api().send({ method: "PUT", path: path(textOf(service, "name")), body });
  };
  const get = async (name: string): Promise<Service> => JSON.parse(await api().send({ method: "GET", path: path(name) })) as Service;
  return {
    check: (inputs) => {
      const name = textOf(inputs, "name");
      const fits = name === UNKNOWN || name.startsWith("svc:");
      const failures = fits ? [] : [{ property: "name", reason: `Attribute name must start with svc:, got: ${name}` }];
      return { inputs, failures: [...checkProperties(inputs, type), ...failures] };
    },
    diff: (_id, olds, news, changed) =>
      Promise.resolve({
        replaces: changed.filter((name) => name === "name"),
        same: ["ports", "tags"].filter((name) => sameSet(olds[name] ?? [], news[name] ?? [])),
      }),
    // What stands there is written over: the provider does not look before.
    create: async (inputs, { preview }) => {
      if (preview) return { id: "", outputs: { ...settled(inputs), addrs: UNKNOWN } };
      await wrapped("Failed to create Service", () => put(settled(inputs)));
      const { addrs = [] } = await wrapped("Failed to fetch service for IPs", () => get(textOf(inputs, "name")));
      return { id: textOf(inputs, "name"), outputs: { ...settled(inputs), addrs: [...addrs] } };
    },
    // The addresses that it has are told along.
    update: async (_id, olds, news, { preview }) => {
      const wanted: Properties = { ...settled(news), addrs: olds["addrs"] ?? [] };
      if (!preview) await wrapped("Failed to update Service", () => put(wanted));
      return wanted;
    },
    delete: async (id) => {
      try {
        await api().send({ method: "DELETE", path: path(id) });
      } catch (error) {
        if (!isNotFound(error)) throw new Error(`Failed to delete Service: ${(error as Error).message}`, { cause: error });
      }
    },
    read: async (id, state, inputs) => {
      try {
        const { name = id, addrs = [], comment = "", ports = [], tags } = await get(id);
        return { outputs: { ...state, name, addrs: [...addrs], comment, ports: [...ports], tags: [...(tags ?? [])] }, inputs };
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw new Error(`Failed to fetch Service: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

const settled = (inputs: Properties): Properties => ({ comment: "", tags: [], ...inputs });

/** As the Go client's `omitempty` leaves them out. */
const withoutEmpty = (service: Properties): Properties =>
  Object.fromEntries(Object.entries(service).filter(([, value]) => value !== "" && !(isList(value) && value.length === 0)));

const sameSet = (one: Properties[string], other: Properties[string]): boolean =>
  isList(one) && isList(other) && JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
