import { remote } from "@pulumi/command";

const count = Number(process.env["BARE_RESOURCES"]);

for (let i = 0; i < count; i++) {
  new remote.Command(`bare-${i}`, { connection: { host: "192.0.2.1", user: "root" }, create: "true" });
}
