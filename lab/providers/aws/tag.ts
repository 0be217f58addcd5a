import type { ObjectType } from "../plugin/property-types";
import { type Properties, textOf } from "../plugin/property-values";
import type { AwsResource } from "./aws-resource";
import { ApiError, type Ec2, during } from "./ec2";
import { type Wait, waitFor } from "./wait";

interface ApiTagDescription {
  readonly ResourceId: string;
  readonly Key: string;
  readonly Value: string;
}

const nameOf = (tag: Properties): string =>
  `EC2 (Elastic Compute Cloud) resource (${textOf(tag, "resourceId")}) tag (${textOf(tag, "key")})`;

const parametersOf = (tag: Properties) => ({
  Resources: [textOf(tag, "resourceId")],
  Tags: [{ Key: textOf(tag, "key"), Value: textOf(tag, "value") }],
});

/** Waits for a resource that EC2 does not know yet, for up to five minutes; here one that is gone is told sooner. */
async function createTag(ec2: Ec2, tag: Properties, wait: Wait): Promise<void> {
  let refusal: Error | undefined;
  const made = async (): Promise<true | undefined> => {
    try {
      await ec2.call("CreateTags", parametersOf(tag));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.code.includes(".NotFound")) throw error;
      refusal = error;
      return undefined;
    }
  };
  await waitFor(wait, made, () => refusal?.message ?? "");
}

/**
 * aws:ec2/tag:Tag, one tag of a resource that somebody else made (hashicorp/terraform-provider-aws: internal/service/ec2/tag_gen.go,
 * tags.go, tags_gen.go). It is deleted only from what is still there.
 */
export const tagResource = (type: ObjectType): AwsResource => ({
  type,
  replaces: ["resourceId", "key"],
  drifts: ["value"],
  computed: [],
  limitMs: 10_000,
  create: async ({ ec2, inputs, wait }) => {
    await during(`creating ${nameOf(inputs)}`, () => createTag(ec2, inputs, wait));
    return `${textOf(inputs, "resourceId")},${textOf(inputs, "key")}`;
  },
  update: async ({ ec2, inputs }) => {
    await during(`updating ${nameOf(inputs)}`, () => ec2.call("CreateTags", parametersOf(inputs)));
  },
  read: async (id, ec2) => {
    const [resourceId = "", key = ""] = id.split(",");
    const Filters = [
      { Name: "resource-id", Values: [resourceId] },
      { Name: "key", Values: [key] },
    ];
    const { Tags } = await ec2.call<{ Tags: readonly ApiTagDescription[] }>("DescribeTags", { Filters });
    const [found] = Tags;
    return found === undefined ? undefined : { resourceId, key, value: found.Value };
  },
  delete: async (_id, { ec2, inputs }) => {
    await during(`deleting ${nameOf(inputs)}`, () => ec2.call("DeleteTags", parametersOf(inputs)));
  },
});
