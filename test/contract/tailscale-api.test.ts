import { after } from "node:test";
import { defineDeviceCases } from "./tailscale-api-device-cases";
import { defineKeyCases } from "./tailscale-api-key-cases";
import { definePolicyCases } from "./tailscale-api-policy-cases";
import { openTarget } from "./tailscale-api-target";

openTarget(__filename).then(
  (target) => {
    after(() => target.stop());
    definePolicyCases(target);
    defineKeyCases(target);
    defineDeviceCases(target);
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
