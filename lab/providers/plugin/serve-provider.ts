import { Server, type ServiceError, type UntypedHandleCall, status } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { CheckFailure } from "./check-properties";
import { diffProperties, topLevel } from "./diff-properties";
import { EngineLog } from "./engine-log";
import { ResourceInitFailed, initFailedError } from "./init-failed";
import { GRPC_OPTIONS, endWithEngine, listen } from "./listen";
import { Operations } from "./operations";
import { fromStruct, toStruct } from "./property-values";
import type { Provider, ResourceType } from "./provider";

/** Serves a provider to the engine whose address is the last argument, until the engine ends it. */
export async function serveProvider(provider: Provider): Promise<void> {
  const operations = new Operations(new EngineLog(process.argv.at(-1)));
  const server = new Server(GRPC_OPTIONS);
  server.addService(ResourceProviderService, handlers(provider, operations));
  endWithEngine(() => operations.isBusy());
  await listen(server);
}

function handlers(provider: Provider, operations: Operations): Record<string, UntypedHandleCall> {
  const typeOf = (urn: string): ResourceType => {
    const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
    return known(provider.resources, token, "resource type");
  };
  return {
    getPluginInfo: answer(() => new PluginInfo().setVersion(provider.version)),
    checkConfig: answer((request: messages.CheckRequest) => {
      const news = fromStruct(request.getNews());
      return new messages.CheckResponse().setInputs(toStruct(news)).setFailuresList(provider.checkConfig(news).map(toFailure));
    }),
    diffConfig: answer(() => new messages.DiffResponse()),
    configure: answer((request: messages.ConfigureRequest) => {
      provider.configure(fromStruct(request.getArgs()));
      return new messages.ConfigureResponse().setSupportspreview(true);
    }),
    invoke: answer(async (request: messages.InvokeRequest) => {
      const called = known(provider.functions, request.getTok(), "function");
      const args = fromStruct(request.getArgs());
      const failures = called.check(args);
      const response = new messages.InvokeResponse().setFailuresList(failures.map(toFailure));
      if (failures.length > 0) return response;
      return response.setReturn(toStruct(await operations.run({ urn: "", preview: false }, (operation) => called.call(args, operation))));
    }),
    check: answer((request: messages.CheckRequest) => {
      const context = { urn: request.getUrn(), olds: fromStruct(request.getOlds()), randomSeed: request.getRandomseed_asU8() };
      const { inputs, failures } = typeOf(context.urn).check(fromStruct(request.getNews()), context);
      return new messages.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(failures.map(toFailure));
    }),
    diff: answer((request: messages.DiffRequest) => diff(typeOf(request.getUrn()), request)),
    create: answer(async (request: messages.CreateRequest) => {
      const inputs = fromStruct(request.getProperties());
      const { id, outputs } = await operations.run(scopeOf(request), (operation) => typeOf(request.getUrn()).create(inputs, operation));
      return new messages.CreateResponse().setId(id).setProperties(toStruct(outputs));
    }),
    update: answer(async (request: messages.UpdateRequest) => {
      const [olds, news] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const outputs = await operations.run(scopeOf(request), (operation) =>
        typeOf(request.getUrn()).update(request.getId(), olds, news, operation),
      );
      return new messages.UpdateResponse().setProperties(toStruct(outputs));
    }),
    delete: answer(async (request: messages.DeleteRequest) => {
      const state = fromStruct(request.getProperties());
      const scope = { urn: request.getUrn(), preview: false, timeoutSeconds: request.getTimeout() };
      await operations.run(scope, (operation) => typeOf(request.getUrn()).delete(request.getId(), state, operation));
      return new Empty();
    }),
    read: answer((request: messages.ReadRequest) => read(typeOf(request.getUrn()), request)),
    cancel: answer(() => {
      operations.cancel();
      return new Empty();
    }),
  };
}

const scopeOf = (request: messages.CreateRequest | messages.UpdateRequest) => ({
  urn: request.getUrn(),
  preview: request.getPreview(),
  timeoutSeconds: request.getTimeout(),
});

async function diff(type: ResourceType, request: messages.DiffRequest): Promise<messages.DiffResponse> {
  const news = fromStruct(request.getNews());
  const olds = fromStruct(request.getOlds());
  const oldInputs = fromStruct(request.getOldInputs());
  const changes = diffProperties(oldInputs, news);
  const { replaces, same = [] } = await type.diff(request.getId(), olds, news, [...new Set([...changes.keys()].map(topLevel))]);
  const real = [...changes].filter(([path]) => !same.includes(topLevel(path)));
  const unchanged = replaces.filter((name) => ![...changes.keys()].some((path) => topLevel(path) === name));

  const response = new messages.DiffResponse()
    .setHasdetaileddiff(true)
    .setChanges(
      real.length + unchanged.length > 0 ? messages.DiffResponse.DiffChanges.DIFF_SOME : messages.DiffResponse.DiffChanges.DIFF_NONE,
    );
  const { Kind } = messages.PropertyDiff;
  for (const [path, change] of real) {
    const replaced = replaces.includes(topLevel(path));
    const kinds = {
      add: [Kind.ADD, Kind.ADD_REPLACE],
      delete: [Kind.DELETE, Kind.DELETE_REPLACE],
      update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
    } as const;
    response.getDetaileddiffMap().set(path, new messages.PropertyDiff().setKind(kinds[change][replaced ? 1 : 0]));
    response.addDiffs(path);
    if (replaced) response.addReplaces(path);
  }
  for (const name of unchanged) {
    response.getDetaileddiffMap().set(name, new messages.PropertyDiff().setKind(Kind.UPDATE_REPLACE));
    response.addDiffs(name);
    response.addReplaces(name);
  }
  return response;
}

async function read(type: ResourceType, request: messages.ReadRequest): Promise<messages.ReadResponse> {
  const state = fromStruct(request.getProperties());
  const inputs = fromStruct(request.getInputs());
  const found = type.read === undefined ? { outputs: state, inputs } : await type.read(request.getId(), state, inputs);
  if (found === undefined) return new messages.ReadResponse();
  return new messages.ReadResponse().setId(request.getId()).setProperties(toStruct(found.outputs)).setInputs(toStruct(found.inputs));
}

function known<T>(table: Readonly<Record<string, T>>, token: string, what: string): T {
  const found = table[token];
  if (found === undefined) throw new Error(`this stand-in knows no ${what} "${token}", only ${Object.keys(table).join(", ")}`);
  return found;
}

const toFailure = ({ property, reason }: CheckFailure): messages.CheckFailure =>
  new messages.CheckFailure().setProperty(property).setReason(reason);

/** A handler out of an async function; what it throws becomes the error that the engine shows. */
function answer<Request, Response>(handle: (request: Request) => Response | Promise<Response>): UntypedHandleCall {
  return ((call: { request: Request }, callback: (error: Partial<ServiceError> | null, response?: Response) => void) => {
    // The engine may send a request whose handler throws before its first await.
    void Promise.resolve()
      .then(() => handle(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          if (error instanceof ResourceInitFailed) return callback(initFailedError(error));
          callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
        },
      );
  }) as UntypedHandleCall;
}
