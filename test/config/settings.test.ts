import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Setting, listSettings } from "../../docs/generate/settings";
import { validateConfig } from "../../src/config/validate";
import { planCluster } from "../../src/plan/plan-cluster";
import { type Overrides, cloudPools, faultsOf, givenWith, hostKey } from "../helpers/config-builder";

const read = (path: string) => readFileSync(join(__dirname, "../..", path), "utf8");
const settings = listSettings();

/** Where a setting stands in the example, from the column and the key of its lines, those that are commented out included. */
function pathsInExample(): ReadonlySet<string> {
  const parents: { readonly column: number; readonly path: string }[] = [];
  const paths = new Set<string>();
  for (const line of read("stacks/Pulumi.example.yaml").split("\n")) {
    const [, before = "", comment = "", item = "", key = ""] = /^( *)(# *)?(- )?(?:hybrid-k3s:)?([A-Za-z][\w-]*):(?= |$)/.exec(line) ?? [];
    if (key === "") continue;
    // A comment's sign stands where its setting would begin.
    const column = before.length + Math.max(0, comment.length - 2) + item.length;
    while ((parents.at(-1)?.column ?? -1) >= column) parents.pop();
    const parent = parents.at(-1)?.path;
    const path = parent === undefined ? key : `${parent}${item === "" ? "" : "[]"}.${key}`;
    parents.push({ column, path: /^config$/.test(path) ? "" : path.replace(/^\./, "") });
    const own = parents.at(-1)?.path ?? "";
    // With the keys of a mapping on the same line.
    const inner = /: \{ (.+) \}/.exec(line)?.[1]?.matchAll(/([A-Za-z]\w*): /g) ?? [];
    for (const one of [own, ...[...inner].map((match) => `${own}.${match[1] ?? ""}`)]) paths.add(one);
  }
  return paths;
}

describe("stacks/Pulumi.example.yaml", () => {
  it("shows every setting of the schema, in a pool of a provider that has it", () => {
    const shown = [...pathsInExample()];
    const providers: Readonly<Record<string, string>> = { rack: "bare-metal", edge: "bare-metal", burst: "aws", "burst-az": "azure" };
    const isShown = ({ path, pools }: Setting) =>
      shown.some((one) => {
        const pool = /^pools\.([\w-]+)\./.exec(one)?.[1];
        const general = one.replace(/^pools\.[\w-]+/, "pools.NAME").replace(/^(networks\.\w+)\.[\w-]+/, "$1.REGION");
        return (
          general.replace(/(hosts)(?=\.)/, "hosts[]").replace("[][]", "[]") === path &&
          (pool === undefined || pools.includes(providers[pool] ?? ""))
        );
      });
    assert.ok(shown.length > 90, `${shown.length} lines`);
    assert.deepEqual(
      settings.filter((setting) => !isShown(setting)).map(({ path, pools }) => `${path} (${pools.join(", ")})`),
      [],
    );
  });
});

/** Two values that a setting may have, and what has to be set beside it for either to mean something. */
type Trial = readonly [one: unknown, other: unknown, beside?: Overrides];

const headscale: Overrides = {
  "vpn.mode": "headscale",
  "vpn.loginServer": "https://headscale.example.org",
  "vpn.tagOwners": undefined,
  "vpn.operators": ["alice@"],
  "vpn.groups": undefined,
};
const merge: Overrides = { "vpn.policy": "merge", "vpn.groups": undefined };
const otherKey = hostKey(9);
const inSubnet: Overrides = { "networks.aws.REGION.subnetIds": ["subnet-0123456789abcdef0"] };
const s3: Overrides = { "cluster.backup.s3.bucket": "k3s-backups", s3AccessKey: "AKIA1", s3SecretKey: "secret" };
const throughBastion: Overrides = { "pools.NAME.bastion": { address: "192.0.2.20", user: "jump", hostKey: hostKey(20) } };

/** What a setting decides is in the plan: with another value it is another plan. */
const PLANNED: Readonly<Record<string, Trial>> = {
  "cluster.name": ["edge", "shop"],
  "cluster.k3sVersion": ["v1.35.4+k3s1", "v1.34.7+k3s1"],
  "cluster.podCidr": ["10.42.0.0/16", "10.44.0.0/16"],
  "cluster.serviceCidr": ["10.43.0.0/16", "10.45.0.0/16"],
  "cluster.apiEndpoint": [undefined, "k3s.example.org"],
  "cluster.tlsSans": [[], ["k3s.example.org"]],
  "cluster.k3s": [{}, { disable: ["traefik"] }],
  "cluster.allowServerReplacement": [false, true],
  "cluster.datastore": ["etcd", "sqlite"],
  "cluster.allowDatastoreMove": [false, true],
  "cluster.allowDistantServers": [false, true],
  "cluster.probeImage": ["registry.k8s.io/e2e-test-images/agnhost:2.53", "mirror.example.org/agnhost:2.53"],
  "cluster.backup.schedule": ["@daily", "@hourly"],
  "cluster.backup.retention": [5, 14],
  "cluster.backup.s3.endpoint": ["s3.amazonaws.com", "s3.example.org", s3],
  "cluster.backup.s3.bucket": ["k3s-backups", "other-backups", s3],
  "cluster.backup.s3.region": ["us-east-1", "eu-central-1", s3],
  "cluster.backup.s3.folder": [undefined, "shop", s3],
  "cluster.backup.s3.bucketLookup": ["auto", "path", s3],
  "cluster.allowUntestedK3s": [false, true],
  "vpn.version": ["1.88.3", "1.88.4"],
  "vpn.tag": [undefined, "tag:nodes"],
  "vpn.tagOwners": [["tag:k3s-admin"], ["tag:other"]],
  "vpn.operators": [["group:ops"], ["alice@example.org"]],
  "vpn.groups": [{ ops: ["alice@example.org"] }, { ops: ["bob@example.org"] }],
  "vpn.nodePorts": [[10250], [10250, 9100]],
  "vpn.policy": ["own", "merge", { "vpn.groups": undefined, "vpn.operators": ["alice@example.org"] }],
  "vpn.policyTests": ["accept", "strict", merge],
  "vpn.loginServer": ["https://headscale.example.org", "https://other.example.org", headscale],
  "vpn.apiService": [undefined, "k3s-api", { "vpn.integration": "routes" }],
  "vpn.integration": ["k3s", "flannel-iface", { "cluster.k3sVersion": "v1.34.9+k3s1" }],
  "mirror.k3s": [undefined, "https://mirror.example.org/k3s"],
  "mirror.installSha256": [undefined, "a".repeat(64), { "mirror.k3s": "https://mirror.example.org/k3s" }],
  "mirror.tailscale": [undefined, "https://mirror.example.org/tailscale"],
  "access.allowedCidrs": [["203.0.113.7/32"], ["198.51.100.0/24"]],
  "access.sshPublicKey": [hostKey(5), hostKey(6)],
  "networks.aws.REGION.cidr": ["172.16.128.0/20", "172.16.144.0/20"],
  "networks.aws.REGION.vpcId": ["vpc-0123456789abcdef0", "vpc-0123456789abcdef1", inSubnet],
  "networks.aws.REGION.subnetIds": [
    ["subnet-0123456789abcdef0"],
    ["subnet-0123456789abcdef1"],
    { "networks.aws.REGION.vpcId": "vpc-0123456789abcdef0" },
  ],
  "networks.azure.REGION.cidr": ["172.27.48.0/20", "172.27.64.0/20"],
  "networks.azure.REGION.subnetId": [undefined, subnetId("one")],
  "pools.NAME.labels": [{}, { site: "cellar" }],
  "pools.NAME.taints": [[], ["site=edge:PreferNoSchedule"]],
  "pools.NAME.k3s": [{}, { "kubelet-arg": ["max-pods=99"] }],
  "pools.NAME.drainTimeout": ["120s", "60s"],
  "pools.NAME.drainPolicy": ["wait", "force"],
  "pools.NAME.removeData": [false, true],
  "pools.NAME.upgrade.maxUnavailable": [1, 2],
  "pools.NAME.upgrade.drain": [false, true],
  "pools.NAME.bastion": [undefined, { address: "192.0.2.30", user: "jump", hostKey: otherKey }],
  "pools.NAME.bastion.address": ["192.0.2.20", "192.0.2.30", throughBastion],
  "pools.NAME.bastion.port": [22, 2222, throughBastion],
  "pools.NAME.bastion.user": ["jump", "ops", throughBastion],
  "pools.NAME.bastion.hostKey": [hostKey(20), otherKey, throughBastion],
  "pools.NAME.jurisdiction": [undefined, "eu"],
  "pools.NAME.hosts": [[], [{ name: "kiosk-3", address: "10.0.0.6", user: "ops", hostKey: otherKey }]],
  "pools.NAME.hosts[].address": ["10.0.0.4", "10.0.0.7"],
  "pools.NAME.hosts[].port": [22, 2222],
  "pools.NAME.hosts[].user": ["ops", "root"],
  "pools.NAME.hosts[].hostKey": [hostKey(2), otherKey],
  "pools.NAME.hosts[].name": ["kiosk-1", "kiosk-9"],
  "pools.NAME.hosts[].externalIp": [undefined, "198.51.100.9"],
  "pools.NAME.hosts[].generation": [0, 1],
  "pools.NAME.count": [1, 2],
  "pools.NAME.remove": [[], [0]],
  "pools.NAME.image": ["debian-12", "ubuntu-24.04"],
  "pools.NAME.diskGb": [30, 40],
  "pools.NAME.spot": [false, true],
  "pools.NAME.spotMaxPrice": [undefined, 0.05, { "pools.NAME.spot": true }],
  "pools.NAME.publicIp": [true, false, { ...throughBastion, "networks.PROVIDER.REGION.natGateway": true }],
  "pools.NAME.hourlyPrice": [undefined, 0.03],
  "pools.NAME.zones": [undefined, "ONE ZONE"],
  "pools.NAME.region": ["REGION", "OTHER REGION"],
  "pools.NAME.instanceType": ["t3.large", "t3.xlarge"],
  "pools.NAME.tagInterface": [false, true],
  "pools.NAME.vmSize": ["Standard_D2s_v5", "Standard_D4s_v5"],
};

/** What these decide is whether the config is taken at all. */
const CHECKED: Readonly<Record<string, Trial>> = {
  "cluster.allowedJurisdictions": [["eu"], ["us"], { "pools.rack.jurisdiction": "eu", "pools.edge.jurisdiction": "eu" }],
  "pools.NAME.reachableBy": ["private", undefined, { "pools.NAME.publicIp": false, "networks.PROVIDER.REGION.natGateway": true }],
  "pools.NAME.architecture": ["amd64", "arm64"],
};

/** What these name is read by others than the plan. */
const READ_BY: Readonly<Record<string, readonly [file: string, reading: string]>> = {
  "vpn.mode": ["src/plan/plan-policy.ts", "function planControl({ mode,"],
  "access.sshAgent": ["src/index.ts", "config.access.sshAgent"],
  "cluster.backup.s3.caFile": ["src/config/load.ts", 'readCa(valueAt(settings["cluster"], "backup", "s3"))'],
  "cluster.datastoreTls.caFile": ["src/config/load.ts", "files.caFile?.text"],
  "cluster.datastoreTls.certFile": ["src/config/load.ts", "files.certFile?.text"],
  "cluster.datastoreTls.keyFile": ["src/config/load.ts", "files.keyFile?.text"],
  "mirror.caFile": ["src/config/load.ts", 'readFileOf(section, "caFile")'],
  "vpn.caFile": ["src/config/load.ts", 'readFileOf(section, "caFile")'],
  "networks.aws.REGION.natGateway": ["src/plan/plan-networks.ts", "natGateway"],
  "networks.azure.REGION.natGateway": ["src/plan/plan-networks.ts", "natGateway"],
  "pools.NAME.role": ["src/plan/plan-nodes.ts", "role: pool.role"],
  "pools.NAME.provider": ["src/plan/plan-nodes.ts", "switch (pool.provider)"],
};

const POOLS: Readonly<Record<string, readonly [pool: string, region: string, otherRegion: string, zone: string]>> = {
  "bare-metal": ["edge", "", "", ""],
  aws: ["burst", "eu-central-1", "eu-west-1", "eu-central-1b"],
  azure: ["burst-az", "westeurope", "northeurope", "2"],
};

/** The trial in a pool, or a region, of this provider. */
function settle(text: string, provider: string): string {
  const [pool = "", region = ""] = POOLS[provider] ?? [];
  return text.replace("pools.NAME", `pools.${pool}`).replace("PROVIDER", provider).replace("REGION", region).replace("hosts[]", "hosts[0]");
}

function valueFor(value: unknown, provider: string): unknown {
  const [, region, otherRegion, zone] = POOLS[provider] ?? [];
  if (value === "REGION") return region;
  if (value === "OTHER REGION") return otherRegion;
  return value === "ONE ZONE" ? [zone] : value;
}

function overridesFor(path: string, provider: string, value: unknown, beside: Overrides = {}): Overrides {
  const settled = Object.entries(beside).map(([key, besideValue]) => [settle(key, provider), structuredClone(besideValue)] as const);
  const access: Overrides = { sshPrivateKey: undefined, "access.sshAgent": true, "access.sshPublicKey": hostKey(5) };
  const clouds = cloudPools({ count: 1 }, { count: 1 });
  return { ...clouds, ...access, ...Object.fromEntries(settled), [settle(path, provider)]: valueFor(value, provider) };
}

function planWith(overrides: Overrides): string {
  const credentials = { tailscale: {}, environment: { HYBRID_K3S_HEADSCALE_API_KEY: "key" } };
  const { config, issues } = validateConfig(givenWith(overrides, overrides["vpn.mode"] === "headscale" ? credentials : {}));
  assert.ok(config !== undefined, `the config of this trial is not valid: ${JSON.stringify(issues)}`);
  return JSON.stringify(planCluster(config));
}

/** Providers in whose pools, or networks, a setting is tried. */
function providersOf({ path, pools }: Setting): readonly string[] {
  const ofNetwork = /^networks\.(\w+)/.exec(path)?.[1];
  return pools.length > 0 ? pools : [ofNetwork ?? "bare-metal"];
}

describe("a setting of the schema", () => {
  it("is tried here, whichever it is", () => {
    const tried = [PLANNED, CHECKED, READ_BY].flatMap((trials) => Object.keys(trials));
    assert.deepEqual([...new Set(tried)].sort(), [...new Set(settings.map(({ path }) => path))].sort());
  });

  for (const setting of settings.filter(({ path }) => PLANNED[path] !== undefined)) {
    const [one, other, beside] = PLANNED[setting.path] ?? [];
    for (const provider of providersOf(setting))
      it(`changes the plan: ${setting.path} (${provider})`, () => {
        const planOf = (value: unknown) => planWith(overridesFor(setting.path, provider, value, beside));
        assert.notEqual(planOf(one), planOf(other), "nothing outside of src/config reads it");
      });
  }

  for (const setting of settings.filter(({ path }) => CHECKED[path] !== undefined)) {
    const [one, other, beside] = CHECKED[setting.path] ?? [];
    for (const provider of providersOf(setting))
      it(`decides what is refused: ${setting.path} (${provider})`, () => {
        assert.deepEqual(faultsOf(overridesFor(setting.path, provider, one, beside)), []);
        assert.notDeepEqual(faultsOf(overridesFor(setting.path, provider, other, beside)), []);
      });
  }

  it("that the plan does not hold is read elsewhere", () => {
    for (const [path, [file, reading]] of Object.entries(READ_BY))
      assert.ok(read(file).includes(reading), `${path}: ${file} does not read it`);
  });
});

function subnetId(name: string): string {
  return `/subscriptions/${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/net/subnets/${name}`;
}
