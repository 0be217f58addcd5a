import { checkProperties } from "../plugin/check-properties";
import type { ObjectType } from "../plugin/property-types";
import { type Properties, UNKNOWN, isList, textOf } from "../plugin/property-values";
import type { ResourceType } from "../plugin/provider";
import type { ApiClient } from "./api-client";
import { isNotFound, wrapped } from "./api-error";

interface Key {
  readonly id: string;
  readonly key?: string;
  readonly keyType?: string;
  readonly created?: string;
  readonly expires?: string;
  readonly description?: string;
  readonly invalid?: boolean;
  readonly userId?: string;
  readonly expirySeconds?: number;
  readonly capabilities?: { readonly devices?: { readonly create?: Created } };
}

interface Created {
  readonly reusable?: boolean;
  readonly ephemeral?: boolean;
  readonly preauthorized?: boolean;
  readonly tags?: readonly string[] | null;
}

const DEFAULT_EXPIRY_SECONDS = 7_776_000;

/** The one input that does not make another key. */
const RECREATE_RULE = "recreateIfInvalid";

/** tailscale:index/tailnetKey:TailnetKey, as tailscale/terraform-provider-tailscale: tailscale/resource_tailnet_key.go has it. */
export function tailnetKeyResource(type: ObjectType, api: () => ApiClient): ResourceType {
  const get = async (id: string): Promise<Key> => JSON.parse(await api().send({ method: "GET", path: ["keys", id] })) as Key;
  return {
    check: (inputs) => {
      const rule = textOf(inputs, RECREATE_RULE);
      const known = ["", "always", "never", UNKNOWN].includes(rule);
      const failures = known ? [] : [{ property: RECREATE_RULE, reason: `unexpected value of recreate_if_invalid: ${rule}` }];
      return { inputs, failures: [...checkProperties(inputs, type), ...failures] };
    },
    // At plan and by the state alone: a key that died since the last refresh is no reason.
    diff: (_id, olds, news, changed) => {
      const replaces = changed.filter((name) => name !== RECREATE_RULE);
      if (olds["invalid"] === true && shouldRecreate(news)) replaces.push("id");
      return Promise.resolve({ replaces, same: sameTags(olds["tags"], news["tags"]) ? ["tags"] : [] });
    },
    create: async (inputs, { preview }) => {
      if (preview)
        return {
          id: "",
          outputs: { ...settled(inputs), createdAt: UNKNOWN, expiresAt: UNKNOWN, invalid: UNKNOWN, key: UNKNOWN, userId: UNKNOWN },
        };
      const body = JSON.stringify(keyRequest(inputs));
      const key = await wrapped(
        "Failed to create key",
        async () => JSON.parse(await api().send({ method: "POST", path: ["keys"], body })) as Key,
      );
      return {
        id: key.id,
        outputs: { ...settled(inputs), ...times(key), key: key.key ?? "", invalid: key.invalid ?? false, userId: key.userId ?? "" },
      };
    },
    // Only the recreation rule gets here, and that is kept in state alone.
    update: (_id, olds, news) => Promise.resolve({ ...olds, ...news }),
    delete: async (id) => {
      try {
        await api().send({ method: "DELETE", path: ["keys", id] });
      } catch (error) {
        // A single-use key that was used may be gone already.
        if (!isNotFound(error)) throw new Error(`Failed to delete key: ${(error as Error).message}`, { cause: error });
      }
    },
    read: async (id, state, inputs) => {
      try {
        const key = await get(id);
        if (key.keyType !== "auth")
          throw new Error(`Invalid key type '${key.keyType ?? ""}': Only 'auth' keys are supported by this resource`);
        return { outputs: { ...state, ...times(key), ...described(key) }, inputs };
      } catch (error) {
        // Such a key is kept, as one that is used up.
        if (isNotFound(error)) return { outputs: { ...state, invalid: true }, inputs };
        throw new Error(`Failed to fetch key: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

/** By default a reusable key is made again, and a single-use one is taken for used. */
function shouldRecreate({ reusable, recreateIfInvalid }: Properties): boolean {
  if (recreateIfInvalid === "always") return true;
  return recreateIfInvalid !== "never" && reusable === true;
}

const sameTags = (one: Properties[string] | undefined, other: Properties[string] | undefined): boolean =>
  isList(one) && isList(other) && JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());

function settled(inputs: Properties): Properties {
  const defaults = { description: "", ephemeral: false, expiry: DEFAULT_EXPIRY_SECONDS, preauthorized: false, reusable: false, tags: [] };
  return { ...defaults, ...inputs };
}

const keyRequest = (inputs: Properties): unknown => ({
  capabilities: {
    devices: {
      create: {
        reusable: inputs["reusable"] === true,
        ephemeral: inputs["ephemeral"] === true,
        tags: inputs["tags"] ?? null,
        preauthorized: inputs["preauthorized"] === true,
      },
    },
  },
  expirySeconds: inputs["expiry"] ?? 0,
  description: inputs["description"] ?? "",
});

function described({ capabilities, description = "", invalid = false, expirySeconds, userId = "" }: Key): Properties {
  const { reusable = false, ephemeral = false, preauthorized = false, tags } = capabilities?.devices?.create ?? {};
  const expiry = expirySeconds ? { expiry: expirySeconds } : {};
  // Without a tag the API answers null.
  return { reusable, ephemeral, preauthorized, tags: [...(tags ?? [])], description, invalid, userId, ...expiry };
}

const times = ({ created, expires }: Key): Properties => ({ createdAt: wholeSeconds(created), expiresAt: wholeSeconds(expires) });

/** RFC 3339 without fractions, as the provider formats times. */
const wholeSeconds = (time = "0001-01-01T00:00:00Z"): string => time.replace(/\.\d+/, "");
