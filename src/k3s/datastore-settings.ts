import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../cluster-context";
import type { NodePlan } from "../plan/cluster-plan";
import type { SecretFile } from "../remote/remote-script";

/** Where install-k3s.sh keeps them on servers, root-only (lib-k3s-datastore.sh). */
const KEPT = "/etc/hybrid-k3s/datastore";

/** What a server's install is given for an external datastore. */
export interface DatastoreSettings {
  readonly environment: Readonly<Record<string, string>>;
  readonly secretFiles: readonly SecretFile[];
}

/**
 * The endpoint holds a password, so k3s gets it by a file of its unit's environment, and so it gets the rest. The files are placed beside those in
 * use: the host takes them over once it has reached the database.
 */
export function datastoreSettings({ plan, datastore }: ClusterContext, node: NodePlan): DatastoreSettings | undefined {
  if (plan.datastore !== "external" || datastore === undefined || node.role !== "server") return undefined;
  const { endpoint, addresses, caPem, certPem, keyPem } = datastore;
  const pems = { "ca.pem": caPem, "cert.pem": certPem, "key.pem": keyPem };
  const given = Object.entries(pems).flatMap(([name, secret]) => (secret === undefined ? [] : [{ name, secret }]));
  const files = [
    {
      name: "endpoint.env",
      secret: pulumi.output(endpoint).apply((text) =>
        renderDatastoreEnvironment(
          text,
          given.map(({ name }) => name),
        ),
      ),
    },
    { name: "addresses", secret: addresses },
    ...given,
  ];
  return {
    environment: { DATASTORE_FILES: files.map(({ name }) => name).join(" ") },
    secretFiles: files.map(({ name, secret }) => ({ path: `/run/hybrid-k3s/${node.name}/datastore/${name}`, secret })),
  };
}

const variables: Readonly<Record<string, string>> = {
  "ca.pem": "K3S_DATASTORE_CAFILE",
  "cert.pem": "K3S_DATASTORE_CERTFILE",
  "key.pem": "K3S_DATASTORE_KEYFILE",
};

/** As systemd reads an EnvironmentFile (systemd.exec(5)): within double quotes four characters are written with a backslash. */
export function renderDatastoreEnvironment(endpoint: string, files: readonly string[]): string {
  const lines = files.map((name) => `${variables[name] ?? ""}=${KEPT}/${name}`);
  return [`K3S_DATASTORE_ENDPOINT="${endpoint.replace(/["\\`$]/g, "\\$&")}"`, ...lines, ""].join("\n");
}
