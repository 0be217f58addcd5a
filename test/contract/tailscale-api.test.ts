import { after } from "node:test";
import { defineDeviceCases } from "./tailscale-api-device-cases";
import { defineFaultCases } from "./tailscale-api-fault-cases";
import { defineKeyCases } from "./tailscale-api-key-cases";
import { definePolicyCases } from "./tailscale-api-policy-cases";
import { definePolicyTestCases } from "./tailscale-api-policy-test-cases";
import { defineServiceCases } from "./tailscale-api-service-cases";
import { openTarget } from "./tailscale-api-target";

openTarget(__filename).then(
  (target) => {
    after(() => target.stop());
    definePolicyCases(target);
    definePolicyTestCases(target);
    defineKeyCases(target);
    defineDeviceCases(target);
    defineServiceCases(target);
    defineFaultCases(target);
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
