import { after, before, describe } from "node:test";
import { LabContext, type Scenario } from "./lab-context";
import { apiService } from "./scenarios/api-service";
import { backup } from "./scenarios/backup";
import { backupLoss } from "./scenarios/backup-loss";
import { backupS3 } from "./scenarios/backup-s3";
import { backupServers } from "./scenarios/backup-servers";
import { backupSqlite } from "./scenarios/backup-sqlite";
import { burstCycle } from "./scenarios/burst-cycle";
import { burstFaults } from "./scenarios/burst-faults";
import { burstFirstUp } from "./scenarios/burst-first-up";
import { burstPlaces } from "./scenarios/burst-places";
import { burstRemoval } from "./scenarios/burst-removal";
import { burstServer } from "./scenarios/burst-server";
import { certificates } from "./scenarios/certificates";
import { datastore } from "./scenarios/datastore";
import { faults } from "./scenarios/faults";
import { firstUp } from "./scenarios/first-up";
import { flannelIface } from "./scenarios/flannel-iface";
import { headscale } from "./scenarios/headscale";
import { nodeChanges } from "./scenarios/node-changes";
import { outside } from "./scenarios/outside";
import { permissions } from "./scenarios/permissions";
import { policyOrder } from "./scenarios/policy-order";
import { preflight } from "./scenarios/preflight";
import { recovery } from "./scenarios/recovery";
import { removal } from "./scenarios/removal";
import { restarts } from "./scenarios/restarts";
import { routes } from "./scenarios/routes";
import { secondUp } from "./scenarios/second-up";
import { secrets } from "./scenarios/secrets";
import { servers } from "./scenarios/servers";
import { serversGrow } from "./scenarios/servers-grow";
import { serversReplaced } from "./scenarios/servers-replaced";
import { tailnetDevices } from "./scenarios/tailnet-devices";
import { tailnetFaults } from "./scenarios/tailnet-faults";
import { tailnetKeys } from "./scenarios/tailnet-keys";
import { tailnetModes } from "./scenarios/tailnet-modes";
import { tailnetPolicy } from "./scenarios/tailnet-policy";
import { upgradeServers } from "./scenarios/upgrade-servers";
import { upgrades } from "./scenarios/upgrades";
import { verify } from "./scenarios/verify";
import { withdrawnRoutes } from "./scenarios/withdrawn-routes";

/** In this order, on one lab that is booted once. `LAB_SCENARIOS=first-up,...` runs some alone. */
const SCENARIOS: readonly Scenario[] = [
  firstUp,
  secondUp,
  outside,
  withdrawnRoutes,
  verify,
  policyOrder,
  restarts,
  certificates,
  nodeChanges,
  preflight,
  faults,
  recovery,
  backup,
  secrets,
  removal,
  routes,
  flannelIface,
  servers,
  serversGrow,
  apiService,
  serversReplaced,
  datastore,
  backupS3,
  backupServers,
  backupLoss,
  backupSqlite,
  headscale,
  burstFirstUp,
  burstCycle,
  burstPlaces,
  burstServer,
  burstFaults,
  burstRemoval,
  tailnetPolicy,
  tailnetModes,
  tailnetFaults,
  tailnetDevices,
  tailnetKeys,
  upgrades,
  upgradeServers,
  permissions,
];

const wanted = process.env["LAB_SCENARIOS"]?.split(",");
const chosen = SCENARIOS.filter(({ name }) => wanted === undefined || wanted.includes(name));
if (chosen.length === 0) throw new Error(`no scenario ${String(wanted)}; there are ${SCENARIOS.map(({ name }) => name).join(", ")}`);

describe("the lab", () => {
  let context: LabContext | undefined;
  before(async () => {
    context = await LabContext.start();
  });
  after(() => context?.lab.down());
  for (const { name, define } of chosen)
    describe(name, () => {
      define(() => {
        if (context === undefined) throw new Error("the lab did not start");
        return context;
      });
    });
});
