import { controlOf, joinOperator } from "../lab/console";
import { saveFloors } from "../lab/floors";
import type { HostName } from "../lab/hosts/topology";
import { endLabOnSignal } from "../lab/interrupt";
import { createProgress } from "../lab/progress";
import { RequirementError } from "../lab/requirements";
import { startLab } from "../lab/start-lab";
import { burstFigures, burstHosts } from "./burst-figures";
import { clusterFigures, clusterHosts } from "./cluster-figures";
import { type Figure, floorsInSeconds, renderFigure } from "./figures";
import { type Bench, FreshHosts } from "./fresh-hosts";
import { previewFigures, previewHosts } from "./preview-figures";
import { serversFigures, serversHosts } from "./servers-figures";
import { sessionsFigures, sessionsHosts } from "./sessions-figures";
import { tailnetFigures, tailnetHosts } from "./tailnet-figures";
import { showTimelines, timelineHosts } from "./timeline";

// BENCH_RUNS=1 is a quick look. BENCH_ONLY=cluster, burst, servers, tailnet or preview measures that part alone, BENCH_ONLY=sessions
// counts logins on a server during a large burst (BENCH_BURST, default 20), BENCH_ONLY=timeline draws where the time of one `up` goes. BENCH_OUTPUT=1 shows what pulumi says.
const runs = Number(process.env["BENCH_RUNS"] ?? 3);
const only = process.env["BENCH_ONLY"];
const showOutput = process.env["BENCH_OUTPUT"] === "1";

interface Part {
  readonly hosts: readonly HostName[];
  readonly measure: (bench: Bench) => Promise<readonly Figure[]>;
}

// Previews first: their memory is weighed before the lab fills the machine's.
const parts: Readonly<Record<string, Part>> = {
  preview: { hosts: previewHosts, measure: previewFigures },
  cluster: { hosts: clusterHosts, measure: clusterFigures },
  burst: { hosts: burstHosts, measure: burstFigures },
  servers: { hosts: serversHosts, measure: serversFigures },
  tailnet: { hosts: tailnetHosts, measure: tailnetFigures },
};

/** Only when asked for: the first is large, the second has no figure to compare. */
const otherParts: Readonly<Record<string, Part>> = {
  sessions: { hosts: sessionsHosts, measure: sessionsFigures },
  timeline: { hosts: timelineHosts, measure: showTimelines },
};

function chosenParts(): readonly Part[] {
  if (only === undefined) return Object.values(parts);
  const all = { ...parts, ...otherParts };
  const part = all[only];
  if (part === undefined) throw new RequirementError(`BENCH_ONLY must be one of ${Object.keys(all).join(", ")}, not ${only}`);
  return [part];
}

async function main(): Promise<void> {
  if (!Number.isInteger(runs) || runs < 1) throw new RequirementError(`BENCH_RUNS must be a whole number from 1 on, not ${runs}`);
  const chosen = chosenParts();
  const progress = createProgress();
  endLabOnSignal((text) => progress.note(text));
  const lab = await startLab({ progress, hosts: [...new Set(chosen.flatMap(({ hosts }) => hosts))] });
  try {
    await joinOperator(lab);
    const onOutput = (text: string) => void (showOutput && process.stderr.write(text));
    const bench = { lab, hosts: new FreshHosts(lab, progress), progress, runs, onOutput };
    for (const { measure } of chosen) {
      const figures = await measure(bench);
      for (const figure of figures) process.stdout.write(renderFigure(figure));
      saveFloors(controlOf(lab).tools, { date: new Date().toISOString().slice(0, 10), seconds: floorsInSeconds(figures) });
    }
  } finally {
    await lab.down();
  }
}

main().catch((error: unknown) => {
  const text = error instanceof RequirementError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
