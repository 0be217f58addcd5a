import { type CloudAction, CloudError, type CloudRequest } from "../contract";
import type { Images } from "./images";
import type { Instances } from "./instances";
import { Parameters } from "./parameters";
import type { Quotas } from "./quotas";
import type { Instance, RegionState } from "./region-state";

/** The tag by which the program's machines bear the name of their node. */
const NODE_TAG = "hybrid-k3s-node";

interface Found {
  readonly state: RegionState;
  readonly instance: Instance;
}

interface Parts {
  readonly regions: ReadonlyMap<string, RegionState>;
  readonly instances: Instances;
  readonly images: Images;
  readonly quotas: Quotas;
}

/** What tests do to the cloud and ask of it; `instanceId` or `node` names an instance, in whatever region. */
export function adminActions({ regions, instances, images, quotas }: Parts): Record<string, CloudAction> {
  const withParameters =
    (run: (parameters: Parameters) => unknown): CloudAction =>
    (request: CloudRequest) =>
      run(new Parameters(request));
  const find = (parameters: Parameters): Found => findInstance(regions, parameters);
  return {
    /** Everything that exists, by kind; terminated instances and deleted NAT gateways do not. */
    inventory: () => inventory([...regions.values()]),
    machineOf: withParameters((parameters) => {
      const { id, machine, publicIp, privateIp, state } = find(parameters).instance;
      return { machine, instanceId: id, publicIp, privateIp, state };
    }),
    /** Behind the program's back; answers once it is terminated. */
    terminate: withParameters(async (parameters) => {
      const { state, instance } = find(parameters);
      await instances.terminate(state, instance);
      return { instanceId: instance.id };
    }),
    /** Behind the program's back; answers once it is stopped. */
    stop: withParameters(async (parameters) => {
      const { state, instance } = find(parameters);
      await instances.stop(state, instance);
      return { instanceId: instance.id };
    }),
    /** A spot interruption; answers once it is terminated. */
    reclaim: withParameters(async (parameters) => {
      const { state, instance } = find(parameters);
      await instances.interrupt(state, instance);
      return { instanceId: instance.id };
    }),
    /** The next `count` launches (of a type, in a zone) find no capacity. */
    capacity: withParameters((parameters) => {
      const [type, zone] = [parameters.optionalText("instanceType"), parameters.optionalText("zone")];
      const where = { ...(type === undefined ? {} : { instanceType: type }), ...(zone === undefined ? {} : { zone }) };
      quotas.failNext({ ...where, remaining: parameters.optionalNumber("count") ?? 1 });
      return {};
    }),
    limits: withParameters((parameters) => {
      quotas.onDemandVcpus = parameters.optionalNumber("onDemandVcpus") ?? quotas.onDemandVcpus;
      quotas.spotVcpus = parameters.optionalNumber("spotVcpus") ?? quotas.spotVcpus;
      return {};
    }),
    spotPrice: withParameters((parameters) => {
      quotas.setSpotPrice(parameters.text("instanceType"), parameters.optionalNumber("price") ?? 0);
      return {};
    }),
    bootDelay: withParameters((parameters) => {
      instances.nextBootDelayMs = parameters.optionalNumber("milliseconds") ?? 0;
      return {};
    }),
    noBoot: () => {
      instances.isNextDead = true;
      return {};
    },
    newImages: () => {
      images.publishNew();
      return {};
    },
  };
}

function findInstance(regions: ReadonlyMap<string, RegionState>, parameters: Parameters): Found {
  const [id, node] = [parameters.optionalText("instanceId"), parameters.optionalText("node")];
  const all = [...regions.values()].flatMap((state) => [...state.instances.values()].map((instance) => ({ state, instance })));
  const matching = all.filter(({ instance }) => instance.id === id || (node !== undefined && instance.tags[NODE_TAG] === node));
  const living = matching.filter(({ instance }) => instance.state !== "terminated");
  const found = living.at(-1) ?? matching.at(-1);
  if (found === undefined) throw new CloudError("InvalidInstanceID.NotFound", `no instance ${id ?? `of the node ${node ?? ""}`}`);
  return found;
}

function inventory(states: readonly RegionState[]) {
  const ids = <T extends { readonly id: string }>(items: (state: RegionState) => Map<string, T>, is: (item: T) => boolean = () => true) =>
    states.flatMap((state) => [...items(state).values()].filter(is).map(({ id }) => id));
  return {
    instances: ids(
      (state) => state.instances,
      (instance) => instance.state !== "terminated",
    ),
    volumes: ids((state) => state.volumes),
    networkInterfaces: ids((state) => state.interfaces),
    addresses: ids((state) => state.addresses),
    natGateways: ids(
      (state) => state.natGateways,
      (nat) => nat.state !== "deleted",
    ),
    internetGateways: ids((state) => state.gateways),
    routeTables: ids((state) => state.routeTables),
    securityGroups: ids((state) => state.groups),
    subnets: ids((state) => state.subnets),
    vpcs: ids((state) => state.vpcs),
    // The lab's EC2 imports none: operators' keys come by cloud-init.
    keyPairs: [] as readonly string[],
  };
}
