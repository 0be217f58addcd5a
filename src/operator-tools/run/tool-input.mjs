import { fields, flag, number, oneOf, optional, text } from "./read-fields.mjs";

// The parts that several tools' inputs have in common. State holds what older releases wrote: a field that came later is optional.

/** A machine that is reached by SSH. `hostKey`: the key that it is pinned to. */
export const machine = fields({ address: text, port: optional(number), user: text, hostKey: text });

/** How the stack proves itself to hosts. */
export const credentials = optional(fields({ privateKey: optional(text), bastionPrivateKey: optional(text), sshAgent: optional(flag) }));

/** How to reach the control server. `mode` is absent in the state of older releases, which knew Tailscale alone. */
export const tailnetFields = {
  mode: optional(oneOf("tailscale", "headscale")),
  baseUrl: optional(text),
  tailnet: optional(text),
  apiKey: optional(text),
  oauthClientId: optional(text),
  oauthClientSecret: optional(text),
  loginServer: optional(text),
  caPem: optional(text),
};

export const tailnet = fields(tailnetFields);
export const taggedTailnet = fields({ ...tailnetFields, tag: text });

/** @typedef {ReturnType<typeof machine>} Machine */
/** @typedef {ReturnType<typeof credentials>} GivenCredentials */
/** @typedef {Partial<ReturnType<typeof tailnet>>} TailnetInput */
