import assert from "node:assert/strict";
import path from "node:path";
import { it } from "node:test";
import type { K3sMachine } from "./k3s-machine";

/** The script of the release's own tag, which the program runs, and the later one that a mirror may serve for it. */
export function installerCases(machine: () => { readonly server: K3sMachine; readonly release: string }): void {
  it("of the tag asks the vendor, whatever INSTALL_K3S_ARTIFACT_URL says", async () => {
    const { server, release } = machine();
    const { code, stdout } = await server.installFrom("tag", "server", path.basename(release), "/opt/releases");
    assert.notEqual(code, 0, stdout);
    assert.match(stdout, /https:\/\/github\.com\/k3s-io\/k3s\/releases/);
    assert.equal(await server.host.exec("ls /etc/systemd/system/k3s.service 2>/dev/null || true"), "");
  });

  it("of later months takes the release from there", async () => {
    const { server, release } = machine();
    await server.copyRelease(release);
    await server.host.exec("rm /usr/local/bin/k3s");
    const { code, stdout } = await server.installFrom("latest", "server", path.basename(release), "/opt/releases");
    assert.equal(code, 0, stdout);
    assert.equal((await server.host.exec("k3s --version")).split(" ")[2], path.basename(release));
    await server.host.exec("/usr/local/bin/k3s-uninstall.sh >/dev/null 2>&1; cp /opt/k3s /usr/local/bin/k3s", { timeoutMs: 60_000 });
  });

  for (const age of ["tag", "latest"] as const) {
    it(`of ${age === "tag" ? "the tag" : "later months"} downloads nothing where it is told so, and writes the unit`, async () => {
      const { server } = machine();
      await server.host.exec("cp /opt/k3s /usr/local/bin/k3s");
      const script = age === "tag" ? "/opt/install-k3s.sh" : "/opt/install-latest.sh";
      const variables =
        "INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_SKIP_START=true INSTALL_K3S_SKIP_SELINUX_RPM=true INSTALL_K3S_EXEC=agent";
      assert.match(await server.host.exec(`${variables} ${script} 2>&1`), /Skipping k3s download and verify/);
      assert.equal(await server.host.exec("systemctl is-enabled k3s-agent"), "enabled\n");
      await server.host.exec("/usr/local/bin/k3s-agent-uninstall.sh >/dev/null 2>&1; cp /opt/k3s /usr/local/bin/k3s", {
        timeoutMs: 60_000,
      });
    });
  }
}
