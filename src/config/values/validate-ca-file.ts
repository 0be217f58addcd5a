import { X509Certificate } from "node:crypto";
import { type ConfigIssue, quote } from "../config-issue";
import type { GivenFile } from "../given-config";

/** A file of a CA that is copied to every host; `signed` names what the CA signed. */
export function validateCaFile(path: string, given: GivenFile, signed: string): ConfigIssue[] {
  const file = quote(given.resolvedPath);
  if (given.text === undefined)
    return [{ path, problem: `${file} cannot be read`, remedy: "Give a path relative to the project's folder, or an absolute one." }];
  if (given.text.includes("PRIVATE KEY"))
    return [
      { path, problem: `${file} holds a private key`, remedy: "Give a file with the CA's certificate alone: it is copied to every host." },
    ];
  if (certificatesIn(given.text) === undefined)
    return [
      { path, problem: `${file} holds no certificate in PEM form`, remedy: `Give the certificate of the CA that signed the ${signed}'s.` },
    ];
  return [];
}

function certificatesIn(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.length === 0 ? undefined : blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}
