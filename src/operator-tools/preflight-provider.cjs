const { linkProvider } = require("./run/link-provider.cjs");

/** The first look at a host on metal (host/check-host.mjs). */
exports.provider = linkProvider({ load: async () => (await import("./host/check-host.mjs")).checkHost, about: "The preflight" });
