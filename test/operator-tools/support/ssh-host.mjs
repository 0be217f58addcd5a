import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { newSshKey } from "../../helpers/ssh-key.cjs";

const SUDO = {
  free: '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n',
  asks: "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n",
  tty: "#!/bin/sh\necho 'sudo: sorry, you must have a tty to run sudo' >&2\nexit 1\n",
};
const PROGRAMS = ["sh", "cat", "true", "sleep", "env", "touch", "mkdir", "mv", "timeout"];

export const newKey = newSshKey;

/**
 * A machine with an SSH server: real handshakes, real key checks, commands run by a real sh in a folder of its own.
 * `sudo`: free | asks | tty | missing. `accepts`: public keys that may log in. `forwards: false`: no connections beyond it. `key`: its host key,
 * `keysFile`: the authorized_keys that say so instead, below its folder. `otherKeys` those that it holds beside, `negotiates` the only types that it shows. `mostSessions`: on one connection (MaxSessions). `port`: a free one.
 * `profile`: what its users' shell runs before each command, as bash does with ~/.bashrc over SSH.
 */
export async function startHost(settings) {
  const {
    accepts = [],
    keysFile,
    sudo = "free",
    forwards = true,
    key = newKey(),
    otherKeys = [],
    negotiates,
    mostSessions = 10,
    port: wanted = 0,
    profile = "",
  } = settings;
  const folder = mkdtempSync(join(tmpdir(), "hybrid-k3s-host-"));
  const path = makePath(folder, sudo);
  const seen = { connections: 0, mostSessions: 0, logins: [], commands: [], forwards: [] };
  const open = new Set();
  const children = new Set();
  const authorized = () => {
    const lines = keysFile
      ? readFileSync(join(folder, keysFile), "utf8")
          .split("\n")
          .filter((line) => line !== "")
      : accepts;
    return lines.map((text) => ssh2.utils.parseKey(text));
  };

  const server = new ssh2.Server(serverSettings(), (client) => {
    open.add(client);
    let sessions = 0;
    client.on("close", () => open.delete(client));
    client.on("error", () => {});
    client.on("authentication", (context) => {
      const known =
        context.method === "publickey" &&
        authorized().find((one) => one.type === context.key.algo && one.getPublicSSH().equals(context.key.data));
      if (!known) return context.reject(["publickey"]);
      if (context.signature && known.verify(context.blob, context.signature, context.hashAlgo) !== true) return context.reject();
      context.accept();
      if (context.signature) seen.logins.push(context.username);
    });
    client.on("session", (accept, reject) => {
      if (sessions >= mostSessions) return refuseWith(client, reject, 2, "open failed");
      sessions += 1;
      seen.mostSessions = Math.max(seen.mostSessions, sessions);
      accept()
        .on("exec", (acceptExec, _reject, info) => runCommand(acceptExec(), info.command))
        .on("close", () => (sessions -= 1));
    });
    client.on("tcpip", (accept, reject, info) => forward(client, accept, reject, info));
  });

  function serverSettings() {
    const hostKeys = [key, ...otherKeys].map(({ privateKey }) => privateKey);
    return { hostKeys, ...(negotiates && { algorithms: { serverHostKey: negotiates } }) };
  }

  function runCommand(channel, command) {
    seen.commands.push(command);
    const child = spawn("/bin/sh", ["-c", `${profile}\n${command}`], { cwd: folder, env: { PATH: path, HOME: folder }, detached: true });
    children.add(child);
    channel.on("error", () => {});
    child.stdin.on("error", () => {});
    channel.pipe(child.stdin);
    child.stdout.on("data", (data) => channel.write(data));
    child.stderr.on("data", (data) => channel.stderr.write(data));
    child.on("close", (code, signal) => {
      children.delete(child);
      if (signal) channel.exit(signal.replace(/^SIG/, ""));
      else channel.exit(code);
      channel.end();
    });
  }

  function forward(client, accept, reject, { destIP, destPort }) {
    if (!forwards) return refuseWith(client, reject, 1, "administratively prohibited: open failed");
    seen.forwards.push(`${destIP}:${destPort}`);
    const socket = net.connect({ port: destPort, host: destIP, allowHalfOpen: true }, () => {
      const channel = accept();
      channel.on("error", () => {});
      channel.pipe(socket).pipe(channel, { end: false });
      // As OpenSSH does: the other half stays open until the client closes it.
      socket.once("end", () => channel.eof());
      channel.once("close", () => socket.destroy());
    });
    const words = { ECONNREFUSED: "Connection refused", EHOSTUNREACH: "No route to host" };
    socket.once("error", (error) => refuseWith(client, reject, 2, words[error.code] ?? "Connection timed out"));
  }

  server._srv.on("connection", () => (seen.connections += 1));
  await new Promise((resolve) => server.listen(wanted, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    folder,
    seen,
    port,
    key,
    /** Gives the machine a program. */
    install: (name, script) => {
      writeFileSync(join(folder, ".bin", name), script);
      chmodSync(join(folder, ".bin", name), 0o755);
    },
    target: (user = "ops") => ({ address: "127.0.0.1", port, user, hostKey: key.publicKey }),
    get runningCommands() {
      return children.size;
    },
    get openConnections() {
      return open.size;
    },
    /** The machine hears and says nothing any more, as when its cable is pulled; connections stay. */
    fallSilent: () => [...open].forEach((client) => client._sock.pause()),
    stopListening: () => server.close(),
    /** Every connection breaks at once, as when the machine loses its power. */
    cutConnections: () => [...open].forEach((client) => client._sock.destroy()),
    stop: async () => {
      [...open].forEach((client) => client._sock.destroy());
      // The whole group: a killed shell leaves its children behind.
      for (const { pid, exitCode, signalCode } of children) if ((exitCode ?? signalCode) === null) process.kill(-pid, "SIGKILL");
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

// ssh2's reject() gives no words; OpenSSH sends those of its own connect() with CONNECT_FAILED (2), no words with a prohibition (1).
function refuseWith(client, reject, reason, words) {
  const protocol = client._protocol;
  protocol.channelOpenFail = (recipient) => Object.getPrototypeOf(protocol).channelOpenFail.call(protocol, recipient, reason, words);
  reject();
  delete protocol.channelOpenFail;
}

function makePath(folder, sudo) {
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  for (const program of PROGRAMS) symlinkSync(program === "sh" ? "/bin/sh" : `/usr/bin/${program}`, join(bin, program));
  if (sudo !== "missing") {
    writeFileSync(join(bin, "sudo"), SUDO[sudo]);
    chmodSync(join(bin, "sudo"), 0o755);
  }
  return bin;
}

/** A port that takes connections and never says a word. */
export async function startBlackHole() {
  const sockets = new Set();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    get connections() {
      return connections;
    },
    stop: () => {
      sockets.forEach((socket) => socket.destroy());
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port on which nothing listens. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
