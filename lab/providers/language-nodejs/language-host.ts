import { version } from "@pulumi/pulumi/package.json";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { type UntypedHandleCall, status } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { fromStruct } from "../plugin/property-values";
import type { ProgramRunner } from "./program-runner";

/** The exit code of a program that has told the user what is wrong (pulumi/pulumi: sdk/nodejs/cmd/run/index.ts). */
const ERROR_ALREADY_SHOWN = 32;

/** What the engine asks of a language host for preview, up, refresh and destroy; the rest is refused as not available here. */
export function languageHandlers(runner: ProgramRunner): Record<string, UntypedHandleCall> {
  return {
    handshake: answer(() => new messages.LanguageHandshakeResponse()),
    getPluginInfo: answer(() => new PluginInfo().setVersion(version)),
    // The engine finds the plugins of the program's packages on PATH when a resource first needs them.
    getRequiredPackages: answer(() => new messages.GetRequiredPackagesResponse()),
    getRequiredPlugins: answer(() => new messages.GetRequiredPluginsResponse()),
    about: answer(() => new messages.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    runtimeOptionsPrompts: answer(() => new messages.RuntimeOptionsResponse()),
    getProgramDependencies: answer(() => new messages.GetProgramDependenciesResponse()),
    cancel: answer(() => new Empty()),
    installDependencies: refuse("this stand-in installs nothing: run `npm ci`"),
    run: answer((request: messages.RunRequest) => run(runner, request)),
  };
}

async function run(runner: ProgramRunner, request: messages.RunRequest): Promise<messages.RunResponse> {
  const info = request.getInfo();
  if (info === undefined) throw new Error("the engine sent no ProgramInfo; it is too old for this stand-in");
  const ended = await runner.run(
    {
      monitor: request.getMonitorAddress(),
      organization: request.getOrganization(),
      project: request.getProject(),
      stack: request.getStack(),
      rootDirectory: info.getRootDirectory(),
      pwd: request.getPwd(),
      parallel: request.getParallel(),
      dryRun: request.getDryrun(),
      program: info.getEntryPoint() || request.getProgram() || ".",
      args: request.getArgsList(),
      config: Object.fromEntries(request.getConfigMap().toObject(false)),
      configSecretKeys: request.getConfigsecretkeysList(),
    },
    { programDirectory: info.getProgramDirectory(), runtime: fromStruct(info.getOptions()) },
  );
  if (ended.code === 0) return new messages.RunResponse();
  if (ended.code === ERROR_ALREADY_SHOWN) return new messages.RunResponse().setBail(true);
  return new messages.RunResponse().setError(
    ended.code === null ? `Program was ended by ${ended.signal}` : `Program exited with non-zero exit code: ${ended.code}`,
  );
}

function answer<Request, Response>(handle: (request: Request) => Response | Promise<Response>): UntypedHandleCall {
  return ((call: { request: Request }, callback: (error: unknown, response?: Response) => void) => {
    void Promise.resolve()
      .then(() => handle(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
      );
  }) as UntypedHandleCall;
}

const refuse = (details: string): UntypedHandleCall =>
  ((call: { emit(event: "error", error: unknown): void }) =>
    call.emit("error", { code: status.UNIMPLEMENTED, details })) as UntypedHandleCall;
