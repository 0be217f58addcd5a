import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CloudsClient } from "../clouds/admin-client";
import type { ServiceSpec } from "../contract";
import { stateDir } from "../paths";
import { AdminClient } from "../tailscale-api/admin-client";
import type { PreparedControl } from "./prepare-control";
import { vendorNames } from "./prepare-control";
import { waitUntilServing } from "./wait-until-serving";

const START_LIMIT_MS = 60_000;

/**
 * A refused port 80 makes tailscaled ask its bootstrap DNS servers, which costs half a second where packets vanish (measured: login 562 ms,
 * 55 ms with this rule; tailscale 1.88.3 net/dnscache). headscale answers 400 to plain HTTP on its TLS port, and tailscaled goes on with 443.
 */
const START_WITH_PORT_80 =
  "rule='PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 443'; iptables -t nat -C $rule 2>/dev/null || iptables -t nat -A $rule; exec \"$@\"";

/** The services of a lab outside its hosts, in start order; the emulated clouds only where there is an image for their machines. */
export function controlServices(prepared: PreparedControl, cloudImage?: string): readonly ServiceSpec[] {
  const { addresses, labAuthority, siteAuthority } = prepared;
  return [
    {
      name: "headscale",
      netns: addresses.control.netns,
      argv: ["sh", "-c", START_WITH_PORT_80, "sh", prepared.tools.headscale, "-c", prepared.headscaleConfigFile, "serve"],
      waitReady: (run) =>
        waitUntilServing(
          run,
          {
            address: addresses.control.address,
            port: 443,
            hostName: vendorNames.control,
            path: "/health",
            caFile: labAuthority.certificateFile,
          },
          START_LIMIT_MS,
        ),
    },
    {
      name: "tailscale-api",
      netns: addresses.api.netns,
      argv: typescriptArgv("../tailscale-api/main.ts", prepared.apiConfigFile),
      // The admin socket opens last, when headscale has the policy and the public side listens.
      waitReady: () => new AdminClient(prepared.apiConfig.adminSocket).waitUntilReady(START_LIMIT_MS),
    },
    {
      name: "mirror",
      netns: addresses.mirror.netns,
      argv: typescriptArgv("../mirror/main.ts", JSON.stringify({ address: addresses.mirror.address, port: 443, ...prepared.mirror })),
      waitReady: (run) =>
        waitUntilServing(
          run,
          { address: addresses.mirror.address, port: 443, hostName: vendorNames.mirror, path: "/", caFile: siteAuthority.certificateFile },
          START_LIMIT_MS,
        ),
    },
    ...(cloudImage === undefined ? [] : [cloudsService(cloudImage)]),
  ];
}

/** The emulated clouds run in the lab's own network, where their machines' links are made. */
function cloudsService(image: string): ServiceSpec {
  return {
    name: "clouds",
    argv: typescriptArgv("../clouds/main.ts", image),
    env: { LAB_STATE: stateDir },
    waitReady: () => new CloudsClient().waitUntilReady(START_LIMIT_MS),
  };
}

function typescriptArgv(file: string, argument: string): readonly string[] {
  const loader = pathToFileURL(require.resolve("tsx")).href;
  return [process.execPath, "--import", loader, join(__dirname, file), argument];
}
