import type { AdminCalls, AdminDevice, AdminKey } from "./admin-types";
import type { Actor } from "./access";
import { ApiError } from "./api-error";
import type { Tailnet } from "./api-routes";
import type { Faults } from "./faults";
import type { ApiResponse } from "./http-types";
import type { RequestLog } from "./request-log";
import { newId, newSecret } from "./state-store";

type Handlers = {
  readonly [Name in keyof AdminCalls]: (input: AdminCalls[Name]["in"]) => Promise<AdminCalls[Name]["out"]> | AdminCalls[Name]["out"];
};

const NINETY_DAYS = 90 * 24 * 3600;
/** The console's owner: may do everything. */
const admin: Actor = { kind: "user", user: "admin@lab.test" };

/** Handles one admin call; the caller has checked that it came over the private socket. */
export async function handleAdmin(tailnet: Tailnet, faults: Faults, log: RequestLog, name: string, body: string): Promise<unknown> {
  const handlers = adminHandlers(tailnet, faults, log);
  if (!(name in handlers)) throw new ApiError(404, `no admin call ${name}; there are ${Object.keys(handlers).join(", ")}`);
  const handler = handlers[name as keyof AdminCalls] as (input: unknown) => unknown;
  return await handler(JSON.parse(body || "{}"));
}

function adminHandlers(tailnet: Tailnet, faults: Faults, log: RequestLog): Handlers {
  return {
    ...credentialHandlers(tailnet),
    ...keyHandlers(tailnet),
    ...tailnetHandlers(tailnet),
    ...faultHandlers(faults, log),
    ready: () => ({}),
  };
}

function credentialHandlers({ store }: Tailnet) {
  return {
    createClient: ({ scopes, tags = [], description = "" }: AdminCalls["createClient"]["in"]) => {
      // The console's rule (the vendor's OpenAPI file, createKey): these scopes need tags.
      if (tags.length === 0 && scopes.some((scope) => scope === "auth_keys" || scope === "devices:core")) {
        throw new ApiError(400, "tags are required with the scopes auth_keys and devices:core");
      }
      const id = newId();
      const secret = newSecret("tskey-client", id);
      store.update({ clients: [...store.current.clients, { id, secret, scopes, tags, description, created: new Date().toISOString() }] });
      return { id, secret };
    },
    rotateClient: ({ id }: { id: string }) => {
      const secret = newSecret("tskey-client", id);
      const clients = store.current.clients.map((client) => (client.id === id ? { ...client, secret } : client));
      store.update({ clients, tokens: store.current.tokens.filter((token) => token.clientId !== id) });
      return { id, secret };
    },
    deleteClient: ({ id }: { id: string }) => {
      store.update({
        clients: store.current.clients.filter((client) => client.id !== id),
        tokens: store.current.tokens.filter((token) => token.clientId !== id),
      });
      return {};
    },
    createApiKey: ({ user, expirySeconds = NINETY_DAYS }: AdminCalls["createApiKey"]["in"]) => {
      const id = newId();
      const secret = newSecret("tskey-api", id);
      const now = Date.now();
      const key = { id, secret, user, created: new Date(now).toISOString(), expires: new Date(now + expirySeconds * 1000).toISOString() };
      store.update({ apiKeys: [...store.current.apiKeys, key] });
      return { id, secret };
    },
    deleteApiKey: ({ id }: { id: string }) => {
      store.update({ apiKeys: store.current.apiKeys.filter((key) => key.id !== id) });
      return {};
    },
    expireTokens: () => {
      store.update({ tokens: [] });
      return {};
    },
  };
}

function keyHandlers({ keys, policy }: Tailnet) {
  return {
    createDeviceKey: async (input: AdminCalls["createDeviceKey"]["in"]) => {
      const made = await keys.createForPerson(input.user, input, new Date());
      // A new user may be meant by the policy's autogroup:member.
      await policy.push();
      return { id: made.id, key: made.secret };
    },
    listKeys: async () => ({
      keys: (await keys.inspect(new Date())).map(({ key, used, invalid }): AdminKey => {
        const { id, description, tags, reusable, ephemeral, created, expires, revoked } = key;
        return {
          id,
          description,
          tags,
          reusable,
          ephemeral,
          created,
          expires,
          used,
          invalid,
          ...(revoked === undefined ? {} : { revoked }),
        };
      }),
    }),
    expireKey: async ({ id }: { id: string }) => {
      await keys.expire(id, new Date());
      return {};
    },
  };
}

function tailnetHandlers({ store, devices, policy }: Tailnet) {
  return {
    editService: ({ name, comment }: AdminCalls["editService"]["in"]) => {
      const services = store.current.services.map((service) => (service.name === name ? { ...service, comment } : service));
      store.update({ services });
      return {};
    },
    listServices: () => ({ services: store.current.services }),
    listDevices: async () =>
      jsonOf(await devices.list(admin, new URLSearchParams({ fields: "all" }))) as { devices: readonly AdminDevice[] },
    deleteDevice: async ({ id }: { id: string }) => {
      await devices.delete(admin, id);
      return {};
    },
    setRoutes: async ({ id, routes }: AdminCalls["setRoutes"]["in"]) => {
      await devices.setRoutes(admin, id, { routes });
      return {};
    },
    getPolicy: () => ({ text: policy.text, etag: policy.etag, untouched: policy.isUntouched }),
    editPolicy: async ({ text }: { text: string }) => {
      await policy.edit(text);
      return {};
    },
    resetPolicy: async ({ form = "grants" }: AdminCalls["resetPolicy"]["in"]) => {
      await policy.reset(form);
      return {};
    },
  };
}

function faultHandlers(faults: Faults, log: RequestLog) {
  return {
    addFault: (fault: AdminCalls["addFault"]["in"]) => {
      faults.add(fault);
      return {};
    },
    clearFaults: () => {
      faults.clear();
      return {};
    },
    requests: ({ since = "" }: { since?: string }) => ({ requests: log.all().filter((request) => request.time >= since) }),
  };
}

function jsonOf(response: ApiResponse): unknown {
  return response.json;
}
