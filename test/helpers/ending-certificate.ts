import type { LabHost } from "../../lab/hosts/host";

const DATA = "/var/lib/rancher/k3s";

/** Puts in the place of a client certificate in k3s's folder one that ends in so many days: the same name and key, signed by the cluster's own authority on `server`. */
export async function plantEndingCertificate(server: LabHost, host: LabHost, path: string, days: number): Promise<void> {
  const stem = `${DATA}/${path}`;
  const request = await host.exec(`openssl x509 -x509toreq -in ${stem}.crt -signkey ${stem}.key 2>/dev/null | openssl req`);
  const extensions = "extendedKeyUsage=clientAuth\\nauthorityKeyIdentifier=keyid\\n";
  const sign = `
    folder=$(mktemp -d) && cat >$folder/request && printf '${extensions}' >$folder/extensions
    openssl x509 -req -in $folder/request -CA ${DATA}/server/tls/client-ca.crt -CAkey ${DATA}/server/tls/client-ca.key \\
      -set_serial 0x$(openssl rand -hex 8) -days ${days} -extfile $folder/extensions 2>/dev/null
    rm -r $folder`;
  await host.writeFile(`${stem}.crt`, await server.exec(sign, { input: request }));
}

/** When a certificate in k3s's folder ends, in milliseconds since 1970. */
export async function certificateEnd(host: LabHost, path: string): Promise<number> {
  return endOf(await host.exec(`openssl x509 -noout -enddate -in ${DATA}/${path}.crt`));
}

/** The client certificate in a kubeconfig ends then, as `openssl` on a host tells it. */
export async function kubeconfigEnd(host: LabHost, kubeconfig: string): Promise<number> {
  const data = /client-certificate-data: (\S+)/.exec(kubeconfig)?.[1] ?? "";
  return endOf(await host.exec("openssl x509 -noout -enddate", { input: Buffer.from(data, "base64").toString() }));
}

const endOf = (line: string): number => Date.parse(line.replace("notAfter=", ""));

export const DAY_MS = 86_400_000;
