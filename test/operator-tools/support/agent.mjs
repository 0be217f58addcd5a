import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";

/** An SSH agent on a socket of its own that holds one key. */
export async function startAgent(privateKey) {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-k3s-agent-"));
  const key = ssh2.utils.parseKey(privateKey);
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const agent = new ssh2.AgentProtocol(false);
    agent.on("identities", (request) => agent.getIdentitiesReply(request, [key]));
    agent.on("sign", (request, _publicKey, data) => agent.signReply(request, key.sign(data)));
    socket.on("error", () => {});
    socket.pipe(agent).pipe(socket);
  });
  const socket = join(folder, "agent.sock");
  await new Promise((resolve) => server.listen(socket, resolve));
  return {
    socket,
    stop: async () => {
      sockets.forEach((one) => one.destroy());
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
