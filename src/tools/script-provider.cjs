const { linkProvider } = require("./lib/link-provider.cjs");

/** Scripts of src/scripts that the program runs on hosts (lib/run-script.mjs). */
exports.provider = linkProvider(
  { library: "./run-script.mjs", verb: "runScript", about: "The script" },
  {
    releaseOf: async ({ script }) => script && (await import("./lib/render-script.mjs")).scriptDigest(script),
    refuse: async (olds, news) => (await import("./lib/k3s-step.mjs")).refuseK3sStep(olds, news),
  },
);
