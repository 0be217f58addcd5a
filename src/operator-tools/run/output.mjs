const MASK = "[secret]";
// Shorter values would mask ordinary words; no key, token or client secret is this short.
const SHORTEST_SECRET = 8;

/** @typedef {Readonly<Record<string, string | undefined>>} Env */
/** @typedef {{ write(text: string): unknown }} Sink */
/** @typedef {ReturnType<typeof createOutput>} ToolOutput */
/** @typedef {{ readonly env: Env; readonly out: ToolOutput }} ToolContext What every verb of a tool gets */

/**
 * Where a tool's words go. Results go to stdout, all else to stderr; a known secret never passes.
 * @param {{ readonly stdout?: Sink; readonly stderr?: Sink }} [sinks]
 */
export function createOutput({ stdout = process.stdout, stderr = process.stderr } = {}) {
  /** @type {Set<string>} */
  const secrets = new Set();
  /** @type {(text: string) => string} */
  const redact = (text) => [...secrets].sort((a, b) => b.length - a.length).reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
  return {
    /** Told where a signal ends the tool. */
    waitingFor: "",
    redact,
    /**
     * Masks the value from now on, in its lines and in base64 too: a key may come back one line at a time.
     * @param {unknown} value
     */
    keepSecret(value) {
      if (typeof value !== "string") return;
      const lines = value.split(/\r?\n/).map((line) => line.trim());
      for (const form of [value.trim(), ...lines, Buffer.from(value).toString("base64")]) {
        if (form.length >= SHORTEST_SECRET && !form.startsWith("-----")) secrets.add(form);
      }
    },
    /** @type {(text: string) => unknown} */
    say: (text) => stderr.write(`${redact(text)}\n`),
    /** @type {(text: string) => unknown} */
    result: (text) => stdout.write(`${redact(text)}\n`),
  };
}
