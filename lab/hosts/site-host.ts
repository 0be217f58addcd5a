import { rmSync } from "node:fs";
import { inState } from "../paths";
import { LabHost } from "./host";
import type { Namespaces } from "./namespaces";
import { hostKeyFiles, hostPublicKey, renewHostKeys } from "./ssh-keys";
import type { HostName, HostSpec } from "./topology";
import { linkLines } from "./topology";

/** A host of the lab's sites, metal or edge: known from the start, installed by the lab, opened to the operator's key. */
export class SiteHost extends LabHost {
  declare readonly name: HostName;

  constructor(
    readonly spec: HostSpec,
    namespaces: Namespaces,
    private readonly rootFileSystem: string,
  ) {
    super(
      spec.name,
      spec.links.map((link) => ({ interface: link.interface })),
      namespaces,
    );
  }

  /** The public key to pin for this host, as a stack's hostKey. */
  get hostKey(): string {
    return hostPublicKey(this.name);
  }

  /** Boots the host; returns when systemd has started, sshd included. */
  async boot(): Promise<void> {
    const { user, sudo } = this.spec;
    const settings = ["host-keys", ...(sudo ? [] : ["without sudo"]), `user ${user} ${sudo ? "sudo" : "plain"}`];
    const wasOn = this.isOn;
    await this.powerOn({ rootFileSystem: this.rootFileSystem, settings, links: linkLines(this.spec) });
    if (!wasOn) await this.waitBooted();
  }

  /** The same host by new SSH host keys. */
  async rotateHostKeys(): Promise<void> {
    await renewHostKeys(this.name);
    for (const [file, text] of hostKeyFiles(this.name))
      await this.writeFile(`/etc/ssh/${file}`, text, file.endsWith(".pub") ? "0644" : "0600");
    await this.exec("systemctl restart ssh.service");
  }

  /** Puts a new, empty installation in the place of the host, with new SSH host keys, and boots it. */
  async reinstall(): Promise<void> {
    if (this.isOn) await this.powerOff();
    await this.namespaces.run(["umount", inState("hosts", this.name, "root")]);
    rmSync(inState("hosts", this.name), { recursive: true, force: true });
    await renewHostKeys(this.name);
    await this.boot();
  }
}
