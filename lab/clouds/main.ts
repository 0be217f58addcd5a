import { Namespaces } from "../hosts/namespaces";
import { cloudsSocket } from "./admin-client";
import { createAws } from "./aws/cloud";
import { createAzure } from "./azure/cloud";
import type { CloudAction, CloudName, CloudRequest } from "./contract";
import { LabMachines } from "./machines/lab-machines";
import { PermissionRecord } from "./permission-record";
import { serveActions } from "./serve-actions";

const [image] = process.argv.slice(2);
if (image === undefined) throw new Error("usage: main.ts CLOUD_IMAGE");

const withPrefix = (prefix: string, actions: Readonly<Record<string, CloudAction>>) =>
  Object.fromEntries(Object.entries(actions).map(([name, action]) => [`${prefix}/${name}`, action]));

async function main(cloudImage: string): Promise<void> {
  const machines = await LabMachines.open(Namespaces.ofThisProcess(), cloudImage);
  const record = new PermissionRecord();
  const clouds = Object.entries({ aws: createAws(machines), azure: createAzure(machines) });
  const actions = clouds.flatMap(([name, cloud]) => [
    withPrefix(`/${name}`, cloud.actions),
    withPrefix(`/admin/${name}`, { ...cloud.admin, permissions: () => record.of(name as CloudName) }),
  ]);
  const observe = (path: string, request: CloudRequest): void => {
    const [, cloud = "", action = ""] = path.split("/");
    if (cloud === "aws" || cloud === "azure") record.add(cloud, action, request);
  };
  await serveActions(cloudsSocket(), Object.assign({}, ...actions) as Record<string, CloudAction>, observe);
  console.log(`serving the clouds on ${cloudsSocket()}`);
}

main(image).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
