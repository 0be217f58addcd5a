// Usage: node https-probe.mjs ADDRESS PORT HOST PATH CA_FILE LIMIT_MS
// Asks until the answer is 2xx; after the limit prints what was last seen and exits 1. Runs inside a lab network namespace, where names do not resolve.
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { setTimeout as delay } from "node:timers/promises";

const [address = "", port = "", host = "", path = "", caFile = "", limit = ""] = process.argv.slice(2);
const ca = readFileSync(caFile);
const deadline = Date.now() + Number(limit);

/**
 * What stands in the way; nothing where it is served.
 * @returns {Promise<string | undefined>}
 */
function ask() {
  return new Promise((resolve) => {
    const request = get({ host: address, port: Number(port), servername: host, path, ca, headers: { host }, timeout: 2000 }, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`);
    });
    request.on("timeout", () => request.destroy(new Error("no answer in 2 s")));
    request.on("error", (error) => resolve(error.message));
  });
}

for (let seen = await ask(); seen !== undefined; seen = await ask()) {
  if (Date.now() > deadline) {
    console.error(`https://${host}${path} at ${address}:${port} does not serve: ${seen}`);
    process.exit(1);
  }
  await delay(50);
}
