import type { ArmStore, Resource } from "./arm-store";
import { contains, parseCidr } from "./cidr";
import { type JsonObject, at, invalidParameter, isObject, listAt, objectAt, textAt } from "./json";
import type { ResourceKind } from "./resource-kind";
import { addressSpaces, checkUnused, outsideNetwork, subnetPrefix, subnetView } from "./subnets";

export interface SubnetRequests {
  put(id: string, body: JsonObject): void;
  drop(subnet: Resource): void;
}

/** Networks. A PUT that carries a list of subnets makes exactly these: a subnet left out is deleted. */
export const virtualNetworks = (store: ArmStore, requests: SubnetRequests): ResourceKind => ({
  accept: (id, body) => {
    const spaces = addressSpaces(body);
    const [only] = spaces;
    if (only === undefined) throw invalidParameter("addressSpace.addressPrefixes", "A virtual network needs an address prefix.");
    const standing = store.below(id.id);
    for (const subnet of leftOut(body, standing)) checkUnused(store, subnet);
    for (const subnet of standing) {
      const range = parseCidr(subnetPrefix(subnet.body));
      if (range === undefined || !spaces.some((space) => contains(space, range))) throw outsideNetwork(subnet.id.name, id.name);
    }
    return body;
  },
  provision: ({ id, body }) => {
    for (const subnet of leftOut(body, store.below(id.id))) requests.drop(subnet);
    for (const subnet of listAt(body, "properties.subnets").filter(isObject)) {
      requests.put(`${id.id}/subnets/${textAt(subnet, "name")}`, subnet);
    }
    return Promise.resolve();
  },
  view: ({ id, body }) => {
    const subnets = store.below(id.id).map((subnet) => ({ ...subnetView(store, subnet), id: subnet.id.id, name: subnet.id.name }));
    return { ...body, properties: { ...objectAt(body, "properties"), subnets } };
  },
  release: ({ id }) => store.below(id.id).forEach((subnet) => checkUnused(store, subnet)),
  remove: ({ id }) => {
    store.below(id.id).forEach((subnet) => store.remove(subnet));
    return Promise.resolve();
  },
});

function leftOut(body: JsonObject, standing: readonly Resource[]): readonly Resource[] {
  if (at(body, "properties.subnets") === undefined) return [];
  const named = listAt(body, "properties.subnets").map((subnet) => textAt(subnet, "name").toLowerCase());
  return standing.filter(({ id }) => !named.includes(id.name.toLowerCase()));
}
