import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { inState } from "../../paths";
import type { MachineSpec } from "../contract";
import { METADATA_ADDRESS } from "./metadata/metadata-address";

/** Where cloud-init looks for its data: on AWS its own Ec2 source; on Azure a seed, which stands for the provisioning medium. */
function dataSource(spec: MachineSpec): object {
  switch (spec.cloud) {
    case "aws":
      return {
        datasource_list: ["Ec2"],
        datasource: { Ec2: { strict_id: false, metadata_urls: [`http://${METADATA_ADDRESS}`], timeout: 5, max_wait: 60 } },
      };
    case "azure":
      return { datasource_list: ["NoCloud"] };
  }
}

/** The rest of a UUID that begins with "ec2", from the instance's id. */
function uuidTail({ instanceId }: MachineSpec): string {
  const digits = instanceId.replace(/[^0-9a-f]/g, "").padEnd(29, "0");
  return [digits.slice(0, 5), digits.slice(5, 9), digits.slice(9, 13), digits.slice(13, 17), digits.slice(17, 29)].join("-");
}

/** What a service sees of /sys beside the hypervisor. */
const seenOfSys = ["block", "bus", "class", "dev", "devices", "firmware", "fs", "kernel", "module", "power"];

/**
 * Shows cloud-init a hypervisor whose UUID begins with "ec2", by which it knows AWS and asks for a token before metadata (AWS, "Identify
 * EC2 instances"; cloud-init, DataSourceEc2.py, identify_aws). DMI, which tells the same on newer machines, is not read in a container,
 * and the kernel lets nobody add to /sys: only the two services that look for the cloud see another one.
 */
function awsIdentity(spec: MachineSpec): Readonly<Record<string, string>> {
  const seen = seenOfSys.map((name) => `-/sys/${name}`).join(" ");
  // There is no DHCP either: without a client, the service that runs before the network leaves the question to the one after it.
  const noDhcp = "InaccessiblePaths=-/usr/sbin/dhclient\n";
  const view = `[Service]\nTemporaryFileSystem=/sys\nBindReadOnlyPaths=${seen} /usr/lib/lab/hypervisor:/sys/hypervisor\n`;
  return {
    "usr/lib/lab/hypervisor/uuid": `ec2${uuidTail(spec)}\n`,
    "etc/systemd/system/cloud-init-local.service.d/90-lab.conf": view + noDhcp,
    "etc/systemd/system/cloud-init.service.d/90-lab.conf": view,
  };
}

function azureSeed(spec: MachineSpec): Readonly<Record<string, string>> {
  const seed = "var/lib/cloud/seed/nocloud";
  const metaData = stringify({ "instance-id": spec.instanceId, "local-hostname": spec.name });
  return { [`${seed}/meta-data`]: metaData, [`${seed}/user-data`]: spec.userData };
}

/** Files over the cloud's image, by path. The network is set up from outside, as by a cloud's DHCP. */
function imageFiles(spec: MachineSpec): Readonly<Record<string, string>> {
  // A value a line, as JSON is YAML: the script that looks for the cloud at boot (ds-identify) reads no list over several lines. The image
  // has the C.UTF-8 locale only, so there is none to set. A machine resolves its own name, as a cloud's DNS would.
  const settings = Object.entries({ ...dataSource(spec), network: { config: "disabled" }, locale: false, manage_etc_hosts: "localhost" });
  const config = settings.map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`).join("");
  return { "etc/cloud/cloud.cfg.d/90-lab.cfg": config, ...(spec.cloud === "aws" ? awsIdentity(spec) : azureSeed(spec)) };
}

/** Writes the files that make a machine of a cloud's image; gives the lines for mount-host.sh. */
export function writeVmFiles(spec: MachineSpec): readonly string[] {
  const tree = inState("hosts", spec.name, "files");
  for (const [path, content] of Object.entries(imageFiles(spec))) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content, { mode: path.endsWith("user-data") ? 0o600 : 0o644 });
  }
  return [`files ${tree}`];
}
