// Usage: listen-in-netns.mjs ADDRESS PORT
// Started in a network namespace with a channel to the program that wants to serve there: a socket stays in the namespace that it was
// opened in, so it is opened here and handed over.
import { createServer } from "node:net";

const [address, port] = process.argv.slice(2);
const server = createServer();
// The other program has the socket then; two would share its connections.
process.on("disconnect", () => process.exit());
server.listen(Number(port), address, () => process.send?.("listening", server));
