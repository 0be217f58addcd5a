import type { Bench } from "./fresh-hosts";
import { clusterHosts } from "./cluster-figures";
import { createStack } from "../lab/stack";
import { expectSuccess } from "./expect-success";
import { TimelineReader, renderTimeline } from "./read-timeline";

export const timelineHosts = clusterHosts;

/** Where the time of one `up` of three metal nodes goes, and of one that finds nothing to do. */
export async function showTimelines({ lab, progress }: Bench): Promise<readonly []> {
  const stack = await createStack(lab, { name: "timeline" });
  for (const what of ["first up", "second up"]) {
    const reader = new TimelineReader();
    await progress.step(what, () => expectSuccess(stack, "up", (text) => reader.take(text), ["--json"]));
    process.stdout.write(`\n${what}\n${renderTimeline(reader.end())}`);
  }
  await progress.step("destroy", () => expectSuccess(stack, "destroy", () => undefined));
  return [];
}
