const { linkProvider } = require("./lib/link-provider.cjs");

/** The first look at a host on metal (lib/check-host.mjs). */
exports.provider = linkProvider({ library: "./check-host.mjs", verb: "checkHost", about: "The preflight" });
