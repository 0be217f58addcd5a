// @ts-check
const { linkProvider } = require("./lib/link-provider.cjs");

/** The first look at a host on metal (lib/check-host.mjs). */
exports.provider = linkProvider({ load: async () => (await import("./lib/check-host.mjs")).checkHost, about: "The preflight" });
