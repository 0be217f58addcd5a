import { z } from "zod";
import { text } from "./schema-fields";

/** `etcd`: embedded in k3s, on each server. `sqlite`: a file on the one server. `external`: a database of the operator's, at `hybrid-k3s:datastoreEndpoint`. */
export const datastores = ["etcd", "sqlite", "external"] as const;

/** Files on the operator's machine; which of them go together stands in rules/datastore.ts. */
export const datastoreTlsSchema = z.strictObject({
  caFile: text("CA that signed the database's certificate, as PEM. Relative to the project's folder.", "db-ca.pem").optional(),
  certFile: text("Certificate that k3s shows the database, as PEM. With `keyFile` only.", "db-client.pem").optional(),
  keyFile: text("Its key, as PEM without a passphrase. It is kept as a secret.", "db-client-key.pem").optional(),
});

export type DatastoreFile = keyof z.output<typeof datastoreTlsSchema>;
export const datastoreFiles: readonly DatastoreFile[] = ["caFile", "certFile", "keyFile"];
