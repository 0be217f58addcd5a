import { local } from "@pulumi/command";

const count = Number(process.env["BARE_RESOURCES"]);

for (let i = 0; i < count; i++) {
  new local.Command(`bare-${i}`, { create: "true" });
}
