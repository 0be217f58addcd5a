const host = (address) => ({ address, port: 22, user: "ops", hostKey: "ssh-ed25519 AAAA" });
export const node = (name, address) => ({ name, host: host(address) });
export const RACK = node("rack-1", "192.0.2.10");
const KIOSK = node("kiosk-1", "192.0.2.11");
const S3 = {
  endpoint: "s3.example.org",
  bucket: "k3s-backups",
  region: "us-east-1",
  folder: "edge",
  bucketLookup: "path",
  accessKey: "AKIA12345678",
  secretKey: "s3-secret-key",
};
/** What a stack of one server and one agent says in its output operatorAccess. */
export const ACCESS = {
  v: 1,
  cluster: "edge",
  datastore: "etcd",
  servers: [RACK],
  agents: [KIOSK],
  tailnet: { mode: "tailscale", tag: "tag:k3s-edge", apiKey: "tskey-api-1" },
  credentials: { privateKey: "KEY" },
  serverTokens: ["K10aaaa::server:known-token"],
  s3: S3,
  accessReplaceCommand: "pulumi up --replace 'urn:access'",
};
