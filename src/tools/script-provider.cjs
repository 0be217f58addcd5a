// @ts-check
const { linkProvider } = require("./lib/link-provider.cjs");
const { objectOf } = require("./lib/run-verb.cjs");

/** Scripts of src/scripts that the program runs on hosts (lib/run-script.mjs). */
exports.provider = linkProvider(
  { load: async () => (await import("./lib/run-script.mjs")).runScript, about: "The script" },
  {
    releaseOf: async (wanted) => {
      const { scriptDigest } = await import("./lib/render-script.mjs");
      const { script } = objectOf(wanted);
      return typeof script === "string" && script !== "" ? scriptDigest(script) : undefined;
    },
    refuse: async (olds, news) => (await import("./lib/k3s-step.mjs")).refuseK3sStep(olds, news),
  },
);
