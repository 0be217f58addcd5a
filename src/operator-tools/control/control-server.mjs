/** @import { Deadline } from "../run/deadline.mjs" */
/** @import { PolicyTraits } from "../policy/cluster-rules.cjs" */

/**
 * A machine in the tailnet, as either control server tells of it.
 * @typedef {object} Device
 * @property {string} id
 * @property {string} name May have a suffix that the control server added.
 * @property {string} hostname As its client reports it.
 * @property {string[]} tags
 * @property {boolean} isExternal Shared from another tailnet.
 * @property {boolean} isOnline
 * @property {string[]} addresses
 * @property {string[]} advertisedRoutes
 * @property {string[]} enabledRoutes
 */
/** @typedef {{ readonly hostname?: string; readonly tag?: string; readonly withRoutes?: boolean }} DeviceFilter */
/** @typedef {{ readonly text: string; readonly etag?: string | undefined; readonly isFixed?: boolean }} LivePolicy */
/**
 * A control server, of either kind.
 * @typedef {object} Control
 * @property {string} machinesPage Where an operator sees the devices.
 * @property {string} policyPage
 * @property {string} routesPage
 * @property {Deadline} deadline Of all its calls together.
 * @property {() => Promise<PolicyTraits | undefined>} policyTraits What it makes of a policy; undefined: what Tailscale does.
 * @property {() => Promise<void>} requireAccess Throws where its credential cannot do what a stack needs.
 * @property {(version: string) => Promise<void>} [requireClient] Throws where nodes of this tailscale could not log in; absent where it does not tell.
 * @property {() => Promise<string[] | undefined>} [clientTags] The tags of the OAuth client that asks; undefined where it is none or they are not told.
 * @property {(wanted: { readonly name: string; readonly comment: string }) => Promise<void>} [requireService] Throws where the stack cannot have this Service; absent where there are none.
 * @property {(filter?: DeviceFilter) => Promise<Device[]>} listDevices
 * @property {(id: string) => Promise<Device | undefined>} getDevice
 * @property {(id: string) => Promise<void>} deleteDevice Resolves also where it is gone already.
 * @property {(id: string, routes: readonly string[]) => Promise<void>} enableRoutes Exactly these from now on.
 * @property {(id: string, tags: readonly string[]) => Promise<void>} setTags Exactly these from now on.
 * @property {() => Promise<LivePolicy>} readPolicy
 * @property {(text: string, live: LivePolicy) => Promise<boolean>} writePolicy Resolves with false where `live` is not the policy any more.
 * @property {(name: string) => Promise<string | undefined>} [ensureKeyUser] The id of the user that keys belong to.
 * @property {(name: string) => Promise<void>} [removeKeyUser]
 */

// Types alone: both kinds of control server, and what works with either, stand beside each other.
export {};
