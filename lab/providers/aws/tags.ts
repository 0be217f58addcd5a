import { type Properties, type Value, isProperties, textOf } from "../plugin/property-values";
import type { Ec2 } from "./ec2";

export interface ApiTag {
  readonly Key: string;
  readonly Value: string;
}

const toApi = (tags: Value | undefined): readonly ApiTag[] =>
  isProperties(tags) ? Object.keys(tags).map((Key) => ({ Key, Value: textOf(tags, Key) })) : [];

export function tagSpecifications(kind: string, tags: Value | undefined): Properties {
  const pairs = toApi(tags).map(({ Key, Value }) => ({ Key, Value }));
  return pairs.length === 0 ? {} : { TagSpecifications: [{ ResourceType: kind, Tags: pairs }] };
}

/** `tags` is left out where there are none, as the engine leaves it out of the inputs. */
export function fromApi(tags: readonly ApiTag[] = []): Properties {
  const all = Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
  return tags.length === 0 ? { tagsAll: {} } : { tags: all, tagsAll: all };
}

export async function updateTags(ec2: Ec2, id: string, olds: Value | undefined, news: Value | undefined): Promise<void> {
  const [before, after] = [toApi(olds), toApi(news)];
  const gone = before.filter(({ Key }) => !after.some((tag) => tag.Key === Key));
  const set = after.filter(({ Key, Value }) => !before.some((tag) => tag.Key === Key && tag.Value === Value));
  if (gone.length > 0) await ec2.call("DeleteTags", { Resources: [id], Tags: gone });
  if (set.length > 0) await ec2.call("CreateTags", { Resources: [id], Tags: set });
}
