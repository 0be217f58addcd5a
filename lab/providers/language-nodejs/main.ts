import { Server } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { GRPC_OPTIONS, endWithEngine, listen } from "../plugin/listen";
import { languageHandlers } from "./language-host";
import { ProgramRunner } from "./program-runner";

/** Stand-in for pulumi-language-nodejs: runs a Node.js program with the runner that the program's own @pulumi/pulumi brings. */
async function main(): Promise<void> {
  const runner = new ProgramRunner(process.argv.at(-1) ?? "");
  const server = new Server(GRPC_OPTIONS);
  server.addService(LanguageRuntimeService, languageHandlers(runner));
  endWithEngine(() => false);
  process.on("exit", () => runner.endAll());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
  await listen(server);
}

void main();
