import { spawn } from "node:child_process";
import { labAddresses, vendorNames } from "../../lab/control/prepare-control";
import { silentProgress } from "../../lab/progress";
import { getTools } from "../../lab/tools/get-tools";
import type { EmulationPrograms } from "./tailscale-api-setup";

const INSIDE = "HYBRID_K3S_TEST_PROGRAMS";

/** A network of its own that holds the lab's addresses, with the vendor's names in /etc/hosts. */
const ENTER = `
set -e
ip link set lo up
ip link add wan type bridge
mount -t tmpfs tmpfs /run
echo '127.0.0.1 localhost' >/run/hosts
for pair in "$@"; do
  [ "$pair" != -- ] || break
  ip address add "\${pair%=*}/24" dev wan
  echo "\${pair%=*} \${pair#*=}" >>/run/hosts
  shift
done
shift
ip link set wan up
mount --bind /run/hosts /etc/hosts
: >/run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
exec "$@"
`;

/**
 * Runs the calling test file again inside private pid, mount and network namespaces, ends this process with its exit code and never
 * resolves; resolves in the inner process with the programs. Nothing outlives the inner process: it is the namespaces' init.
 */
export async function enterPrivateNetwork(file: string): Promise<EmulationPrograms> {
  const inside = process.env[INSIDE];
  if (inside !== undefined) return JSON.parse(inside) as EmulationPrograms;
  const { headscale, tailscale, tailscaled } = await findPrograms();
  const names = [`${labAddresses.control.address}=${vendorNames.control}`, `${labAddresses.api.address}=${vendorNames.api}`];
  const unshare = ["-mnpf", "--mount-proc", "--kill-child", "--propagation", "private", "sh", "-c", ENTER, "sh", ...names, "--"];
  const env = { ...process.env, [INSIDE]: JSON.stringify({ headscale, tailscale, tailscaled }) };
  const child = spawn("unshare", [...unshare, process.execPath, ...process.execArgv, file], { stdio: "inherit", env });
  return await new Promise((_, reject) => {
    child.once("error", (error) => reject(new Error("this suite needs root and unshare (util-linux)", { cause: error })));
    child.once("exit", (code) => process.exit(code ?? 1));
  });
}

async function findPrograms(): Promise<EmulationPrograms> {
  const { LAB_HEADSCALE: headscale, LAB_TAILSCALE: tailscale, LAB_TAILSCALED: tailscaled } = process.env;
  if (headscale !== undefined && tailscale !== undefined && tailscaled !== undefined) return { headscale, tailscale, tailscaled };
  return await getTools(silentProgress);
}
