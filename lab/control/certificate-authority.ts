import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const runFile = promisify(execFile);

export interface Authority {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface ServerCertificate {
  /** Leaf first; the authority itself is left out, as public servers do. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Makes an authority in `directory`, or returns the one that is there. */
export async function ensureAuthority(directory: string, commonName: string): Promise<Authority> {
  const authority = { certificateFile: join(directory, "ca.pem"), keyFile: join(directory, "ca.key") };
  if (existsSync(authority.certificateFile)) return authority;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await makeKey(authority.keyFile);
  await openssl(
    [
      "req",
      "-x509",
      "-new",
      "-key",
      authority.keyFile,
      "-out",
      authority.certificateFile,
      "-sha256",
      "-days",
      "3650",
      "-subj",
      `/CN=${commonName}`,
    ]
      .concat(["-addext", "basicConstraints=critical,CA:TRUE,pathlen:0"])
      .concat(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]),
  );
  return authority;
}

/** Issues a server certificate for `names` (host names and addresses; the first is the common name), or returns the one that is there. */
export async function ensureServerCertificate(
  authority: Authority,
  directory: string,
  names: readonly [string, ...string[]],
): Promise<ServerCertificate> {
  const stem = join(directory, names[0]);
  const certificate = { certificateFile: `${stem}.pem`, keyFile: `${stem}.key` };
  if (existsSync(certificate.certificateFile)) return certificate;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await makeKey(certificate.keyFile);
  await openssl(["req", "-new", "-key", certificate.keyFile, "-out", `${stem}.csr`, "-subj", `/CN=${names[0]}`]);
  const alternatives = names.map((name) => (isIP(name) === 0 ? `DNS:${name}` : `IP:${name}`)).join(",");
  await writeFile(
    `${stem}.ext`,
    `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=${alternatives}\n`,
  );
  await openssl(
    [
      "x509",
      "-req",
      "-in",
      `${stem}.csr`,
      "-CA",
      authority.certificateFile,
      "-CAkey",
      authority.keyFile,
      "-CAcreateserial",
      "-out",
      certificate.certificateFile,
    ].concat(["-days", "800", "-sha256", "-extfile", `${stem}.ext`]),
  );
  return certificate;
}

async function makeKey(file: string): Promise<void> {
  await writeFile(file, "", { mode: 0o600 });
  await openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file]);
}

async function openssl(argv: readonly string[]): Promise<void> {
  try {
    await runFile("openssl", [...argv]);
  } catch (error) {
    throw new Error(`openssl ${argv[0] ?? ""} failed; the lab makes its certificates with the openssl program: ${String(error)}`, {
      cause: error,
    });
  }
}
