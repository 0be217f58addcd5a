import { join } from "node:path";
import { hostSpecs } from "../../lab/hosts/topology";
import type { Lab } from "../../lab/lab";
import { hostKey } from "./config-builder";

/** As much of a lab as its settings are made from, the same in every run. */
export function labWithFixedKeys(): Lab {
  return {
    host: (name: string) => {
      const number = hostSpecs.findIndex((spec) => spec.name === name);
      return { spec: hostSpecs[number], hostKey: hostKey(number + 1) };
    },
    control: {
      tools: { k3sVersion: "v1.35.4+k3s1", tailscaleVersion: "1.88.3" },
      prepared: { siteAuthority: { certificateFile: join(__dirname, "../fixtures/site-ca.pem") } },
    },
  } as unknown as Lab;
}
