const nodeModule = require("node:module");
const path = require("node:path");

// In this checkout, not in /tmp where Node would keep it: what lies there is run, and others may write there. It never fails; without, all is compiled again.
nodeModule.enableCompileCache(path.join(__dirname, "..", "node_modules", ".cache", "compile-cache"));
