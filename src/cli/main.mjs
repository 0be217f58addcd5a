#!/usr/bin/env node
import { createOutput } from "../operator-tools/run/output.mjs";
import { runCommand } from "./run-command.mjs";

process.exit(await runCommand(process.argv.slice(2), { env: process.env, out: createOutput(), stdin: process.stdin }));
