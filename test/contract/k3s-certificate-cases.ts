import assert from "node:assert/strict";
import { it } from "node:test";
import { DAY_MS, certificateEnd, kubeconfigEnd, plantEndingCertificate } from "../helpers/ending-certificate";
import type { K3sMachine } from "./k3s-machine";

/** k3s's own limit (K3S: pkg/daemons/config/types.go, CertificateRenewDays); 90 before 1.33.1. */
const LIMIT_DAYS = 120;

/** What is true of a started server called `first`. Restarts it. */
export function certificatesAreRenewed(server: () => K3sMachine): void {
  it("makes a certificate again at a start where it has 120 days left or fewer, and keeps all others and the authorities", async () => {
    const { host } = server();
    const left = async (path: string) => Math.round(((await certificateEnd(host, path)) - Date.now()) / DAY_MS);
    assert.deepEqual([await left("server/tls/client-admin"), await left("server/tls/client-ca")], [365, 3650]);
    await plantEndingCertificate(host, host, "server/tls/client-admin", LIMIT_DAYS);
    await plantEndingCertificate(host, host, "server/tls/client-controller", LIMIT_DAYS + 1);
    const kept = [
      "server/tls/client-controller",
      "server/tls/client-scheduler",
      "server/tls/serving-kube-apiserver",
      "server/tls/client-ca",
    ];
    const sums = () => host.exec(`cd /var/lib/rancher/k3s && sha256sum ${kept.map((path) => `${path}.crt`).join(" ")}`);
    const before = await sums();
    await host.exec("systemctl restart k3s", { timeoutMs: 120_000 });
    assert.deepEqual([await left("server/tls/client-admin"), await sums()], [365, before]);
    const admin = await kubeconfigEnd(host, await host.readFile("/etc/rancher/k3s/k3s.yaml"));
    assert.equal(admin, await certificateEnd(host, "server/tls/client-admin"));
    assert.equal(await server().kubectl("get --raw /readyz"), "ok");
    await server().waitReady("first");
  });
}
