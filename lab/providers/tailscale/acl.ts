import { randomUUID } from "node:crypto";
import { checkProperties } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, UNKNOWN, textOf } from "../plugin/property-values";
import type { ResourceType } from "../plugin/provider";
import { ApiError } from "./api-error";
import { huJsonFault, isSameHuJson } from "./hujson";
import type { PolicyFile } from "./policy-file";

/** The ETag that matches only while nobody has ever changed the policy. */
const UNCHANGED_DEFAULT = "ts-default";

/** tailscale:index/acl:Acl, as tailscale/terraform-provider-tailscale: tailscale/resource_acl.go has it. */
export function aclResource(type: ObjectType, policyFile: () => PolicyFile): ResourceType {
  // Every plan asks the API, one without changes too (CustomizeDiff).
  const validate = async ({ acl }: Properties): Promise<void> => {
    if (typeof acl === "string" && acl !== UNKNOWN && acl !== "") await policyFile().validate(acl);
  };
  return {
    check: (inputs) => {
      const { acl } = inputs;
      const fault = typeof acl === "string" && acl !== UNKNOWN ? huJsonFault(acl) : undefined;
      const invalid = fault === undefined ? [] : [{ property: "acl", reason: `ACL is not a valid HuJSON string: ${fault}` }];
      return { inputs, failures: [...checkProperties(inputs, type), ...invalid] };
    },
    diff: async (_id, olds, news) => {
      await validate(news);
      return { replaces: [], same: isSameHuJson(textOf(olds, "acl"), textOf(news, "acl")) ? ["acl"] : [] };
    },
    create: async (inputs, { preview }) => {
      await validate(inputs);
      if (!preview) await createPolicy(policyFile(), inputs);
      return { id: randomUUID(), outputs: inputs };
    },
    update: async (_id, olds, news, { preview }) => {
      await validate(news);
      const [old, now] = [textOf(olds, "acl"), textOf(news, "acl")];
      if (!preview && !isSameHuJson(old, now)) await wrapped("Failed to set ACL", () => policyFile().write(now));
      return news;
    },
    // A tailnet always has a policy, so by default the last one stays.
    delete: async (_id, state) => {
      if (state["resetAclOnDestroy"] === true) await wrapped("Failed to reset ACL", () => policyFile().write(""));
    },
    read: async (_id, state, inputs) => {
      const live = await wrapped("Failed to fetch ACL", () => policyFile().read());
      const kept = textOf(state, "acl");
      const acl = isSameHuJson(live, kept) ? kept : live;
      return { outputs: { ...state, acl }, inputs: { ...inputs, acl } };
    },
  };
}

async function createPolicy(policyFile: PolicyFile, inputs: Properties): Promise<void> {
  const etag = inputs["overwriteExistingContent"] === true ? undefined : UNCHANGED_DEFAULT;
  await wrapped("Failed to set ACL", async () => {
    try {
      await policyFile.write(textOf(inputs, "acl"), etag);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      throw new Error(`a non-default policy would be overwritten; import it first (got error ${JSON.stringify(error.message)})`, {
        cause: error,
      });
    }
  });
}

export async function wrapped<T>(summary: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${summary}: ${(error as Error).message}`, { cause: error });
  }
}
