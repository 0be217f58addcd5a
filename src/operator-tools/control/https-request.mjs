import http from "node:http";
import https from "node:https";
import tls from "node:tls";
import { asError } from "../run/tool-error.mjs";

/** @import { Send } from "./api-calls.mjs" */

/**
 * One request to a server whose certificate this authority signed, beside those that everyone trusts: fetch takes no authority of its own.
 * The agent is kept, so that a row of calls has one handshake.
 * @type {(caPem: string | undefined) => Send}
 */
export function sendTrusting(caPem) {
  const options = { keepAlive: true, ...(caPem && { ca: [...tls.rootCertificates, caPem] }) };
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent(options) };
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const isTls = new URL(url).protocol === "https:";
      const { request } = isTls ? https : http;
      const outgoing = request(url, { method, headers, signal, agent: isTls ? agents.https : agents.http }, (response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        response.on("data", (/** @type {Buffer} */ chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
            header: (name) => response.headers[name]?.toString(),
          }),
        );
      });
      // An aborted request tells why in the signal: that its time was over.
      outgoing.on("error", (error) => reject(signal.aborted ? asError(signal.reason) : error));
      outgoing.end(body);
    });
}
