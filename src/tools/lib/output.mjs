const MASK = "[secret]";
// Shorter values would mask ordinary words; no key, token or client secret is this short.
const SHORTEST_SECRET = 8;

/** Where a tool's words go. Results go to stdout, all else to stderr; a known secret never passes. */
export function createOutput({ stdout = process.stdout, stderr = process.stderr } = {}) {
  const secrets = new Set();
  const redact = (text) => [...secrets].sort((a, b) => b.length - a.length).reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
  return {
    /** Told where a signal ends the tool. */
    waitingFor: "",
    redact,
    /** Masks the value from now on, in its lines and in base64 too: a key may come back one line at a time. */
    keepSecret(value) {
      if (typeof value !== "string") return;
      const lines = value.split(/\r?\n/).map((line) => line.trim());
      for (const form of [value.trim(), ...lines, Buffer.from(value).toString("base64")]) {
        if (form.length >= SHORTEST_SECRET && !form.startsWith("-----")) secrets.add(form);
      }
    },
    say: (text) => stderr.write(`${redact(text)}\n`),
    result: (text) => stdout.write(`${redact(text)}\n`),
  };
}
