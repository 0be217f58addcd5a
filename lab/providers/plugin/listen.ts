import { type Server, ServerCredentials } from "@grpc/grpc-js";
import { promisify } from "node:util";

const ORPHAN_CHECK_MS = 1000;

/** Messages may be of any size, as the engine's are. */
export const GRPC_OPTIONS = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** Serves and tells the engine the port, as every plugin does: one line on stdout. */
export async function listen(server: Server): Promise<void> {
  const bind = promisify(server.bindAsync.bind(server));
  process.stdout.write(`${await bind("127.0.0.1:0", ServerCredentials.createInsecure())}\n`);
}

/** Ends the plugin once the engine that started it is gone and nothing is running any more. */
export function endWithEngine(isBusy: () => boolean): void {
  const engine = process.ppid;
  setInterval(() => {
    if (process.ppid !== engine && !isBusy()) process.exit(0);
  }, ORPHAN_CHECK_MS).unref();
}
