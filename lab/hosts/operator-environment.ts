import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { inState } from "../paths";

/** Certificate bundles of the common distributions: Debian and Ubuntu, Fedora, openSUSE. */
const systemBundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

const bundleFile = inState("operator", "ca-bundle.crt");
/** Where the operator's Pulumi keeps its plugins. */
export const pulumiHome = inState("operator", "pulumi-home");
const passphraseFile = inState("operator", "passphrase");

/** This machine's trusted authorities and the lab's: what a machine on the lab's internet trusts. */
export function trustedBundle(labAuthority: string): string {
  const system = systemBundles.find((file) => existsSync(file));
  return (system === undefined ? "" : readFileSync(system, "utf8")) + labAuthority;
}

/** Makes the operator's folders and files. */
export function prepareOperator(labAuthority: string): void {
  for (const directory of [inState("operator", "home"), pulumiHome]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  mkdirSync(inState("pulumi"), { recursive: true, mode: 0o700 });
  writeFileSync(bundleFile, trustedBundle(labAuthority));
  writeFileSync(inState("operator", "lab-ca.pem"), labAuthority);
  if (!existsSync(passphraseFile)) writeFileSync(passphraseFile, randomBytes(16).toString("hex"), { mode: 0o600 });
  const lines = Object.entries(operatorEnvironment()).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`);
  writeFileSync(inState("operator", "environment"), lines.join(""), { mode: 0o600 });
}

/** What the operator's programs find in their environment: the lab's programs first, its authority, a Pulumi of its own; nothing else of ours. */
export function operatorEnvironment(): Readonly<Record<string, string>> {
  return {
    PATH: `${inState("bin")}:${dirname(process.execPath)}:${process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"}`,
    HOME: inState("operator", "home"),
    LANG: "C.UTF-8",
    TERM: process.env["TERM"] ?? "dumb",
    SSL_CERT_FILE: bundleFile,
    NODE_EXTRA_CA_CERTS: inState("operator", "lab-ca.pem"),
    KUBECONFIG: inState("operator", "kubeconfig"),
    PULUMI_HOME: pulumiHome,
    PULUMI_BACKEND_URL: `file://${inState("pulumi")}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Pulumi's compiler keeps what it made in a folder of /tmp for each home, and every lab has a home of its own.
    TS_NODE_CACHE_DIRECTORY: inState("operator", "ts-node"),
    // Nothing can be downloaded on the lab's internet: plugins are in the home, and none that this machine has on PATH takes their place.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
  };
}
