import type { DefaultPolicyForm } from "./default-policy";
import type { Fault } from "./faults";
import type { LoggedRequest } from "./request-log";
import type { Service } from "./state-store";

/** Requests of the interface for the lab's tests: what a person does in the vendor's console, and faults. Each is POSTed to /<name>. */
export interface AdminCalls {
  ready: { in: Record<string, never>; out: Record<string, never> };
  createClient: { in: { scopes: readonly string[]; tags?: readonly string[]; description?: string }; out: { id: string; secret: string } };
  /** A new secret for the same client; tokens of the old one stop. */
  rotateClient: { in: { id: string }; out: { id: string; secret: string } };
  deleteClient: { in: { id: string }; out: Record<string, never> };
  createApiKey: { in: { user: string; expirySeconds?: number }; out: { id: string; secret: string } };
  deleteApiKey: { in: { id: string }; out: Record<string, never> };
  /** Ends every access token that clients hold now. */
  expireTokens: { in: Record<string, never>; out: Record<string, never> };
  /** A key made by a person: untagged for their own devices, or with any defined or undefined tag. */
  createDeviceKey: {
    in: { user: string; tags?: readonly string[]; reusable?: boolean; ephemeral?: boolean; expirySeconds?: number };
    out: { id: string; key: string };
  };
  listKeys: { in: Record<string, never>; out: { keys: readonly AdminKey[] } };
  expireKey: { in: { id: string }; out: Record<string, never> };
  listDevices: { in: Record<string, never>; out: { devices: readonly AdminDevice[] } };
  deleteDevice: { in: { id: string }; out: Record<string, never> };
  setRoutes: { in: { id: string; routes: readonly string[] }; out: Record<string, never> };
  /** Somebody else changes what it says. */
  editService: { in: { name: string; comment: string }; out: Record<string, never> };
  listServices: { in: Record<string, never>; out: { services: readonly Service[] } };
  getPolicy: { in: Record<string, never>; out: { text: string; etag: string; untouched: boolean } };
  /** Somebody else edits the file. */
  editPolicy: { in: { text: string }; out: Record<string, never> };
  resetPolicy: { in: { form?: DefaultPolicyForm }; out: Record<string, never> };
  addFault: { in: Fault; out: Record<string, never> };
  clearFaults: { in: Record<string, never>; out: Record<string, never> };
  requests: { in: { since?: string }; out: { requests: readonly LoggedRequest[] } };
}

export interface AdminKey {
  readonly id: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly reusable: boolean;
  readonly ephemeral: boolean;
  readonly created: string;
  readonly expires: string;
  readonly revoked?: string;
  readonly used: boolean;
  readonly invalid: boolean;
}

export interface AdminDevice {
  readonly id: string;
  readonly nodeId: string;
  readonly name: string;
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly user: string;
  readonly tags?: readonly string[];
  readonly connectedToControl: boolean;
  readonly isEphemeral: boolean;
  readonly keyExpiryDisabled: boolean;
  readonly advertisedRoutes: readonly string[];
  readonly enabledRoutes: readonly string[];
}
