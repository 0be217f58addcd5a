import http from "node:http";
import https from "node:https";
import tls from "node:tls";

/**
 * One request to a server whose certificate this authority signed, beside those that everyone trusts: fetch takes no authority of its own.
 * The agent is kept, so that a row of calls has one handshake.
 */
export function sendTrusting(caPem) {
  const options = { keepAlive: true, ...(caPem && { ca: [...tls.rootCertificates, caPem] }) };
  const agents = { "http:": new http.Agent({ keepAlive: true }), "https:": new https.Agent(options) };
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const { protocol } = new URL(url);
      const { request } = protocol === "https:" ? https : http;
      const outgoing = request(url, { method, headers, signal, agent: agents[protocol] }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode,
            text: Buffer.concat(chunks).toString("utf8"),
            header: (name) => response.headers[name],
          }),
        );
      });
      // An aborted request tells why in the signal: that its time was over.
      outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : error));
      outgoing.end(body);
    });
}
