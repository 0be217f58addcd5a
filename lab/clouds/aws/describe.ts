import { CloudError } from "../contract";
import type { Parameters } from "./parameters";
import { type Item, type Kind, type RegionState, type Tagged, notFound } from "./region-state";

/** What each filter that we know compares; `tag:<key>` is known for every kind. */
export type Filters<T> = Readonly<Record<string, (item: T) => readonly string[]>>;

/** The items asked for by id and filter; an id that is not there is refused, a filter that matches nothing is not. */
export function select<K extends Kind>(
  state: RegionState,
  kind: K,
  ids: readonly string[],
  parameters: Parameters,
  filters: Filters<Item<K>>,
  items: readonly Item<K>[] = [...(state[kind] as Map<string, Item<K>>).values()],
): Item<K>[] {
  const named = ids.map((id) => {
    const item = items.find((candidate) => candidate.id === id);
    if (item === undefined) throw notFound(kind, id);
    return item;
  });
  const wanted = parameters.structures("Filters", ["Name", "Values"]).map((filter) => {
    const [name, values] = [filter.text("Name"), filter.texts("Values")];
    const read = filters[name] ?? tagFilter(name);
    return (item: Item<K>) => read(item).some((value) => values.includes(value));
  });
  return (ids.length > 0 ? named : items).filter((item) => wanted.every((matches) => matches(item)));
}

function tagFilter(name: string): (item: Tagged) => readonly string[] {
  const key = name.startsWith("tag:") ? name.slice("tag:".length) : undefined;
  if (key === undefined) throw new CloudError("InvalidParameterValue", `The filter '${name}' is invalid`);
  return ({ tags }) => [tags[key]].filter((value) => value !== undefined);
}

export const toTags = (tags: Readonly<Record<string, string>>): readonly { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
