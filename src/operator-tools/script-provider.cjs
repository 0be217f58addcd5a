const { linkProvider } = require("./run/link-provider.cjs");
const { objectOf } = require("./run/run-verb.cjs");

/** Scripts of src/host-scripts that the program runs on hosts (host/run-script.mjs). */
exports.provider = linkProvider(
  { load: async () => (await import("./host/run-script.mjs")).runScript, about: "The script" },
  {
    releaseOf: async (wanted) => {
      const { scriptDigest } = await import("./host/render-script.mjs");
      const { script } = objectOf(wanted);
      return typeof script === "string" && script !== "" ? scriptDigest(script) : undefined;
    },
    refuse: async (olds, news) => (await import("./run/k3s-step.mjs")).refuseK3sStep(olds, news),
    due: async ({ result }) => (await import("./run/renewal.mjs")).whatIsDue(objectOf(result ?? {})),
  },
);
