import type { NextK3s } from "../contract";
import { givenPath, reportedVersion } from "./find-program";

/** The later release of a real k3s that LAB_K3S_NEXT gives, for upgrades; undefined where it is not set. */
export async function findNextK3s(k3sVersion: string, isStandIn: boolean): Promise<NextK3s | undefined> {
  const file = givenPath("LAB_K3S_NEXT");
  if (file === undefined) return undefined;
  if (isStandIn)
    throw new Error(
      `LAB_K3S_NEXT=${file} is a release of a real k3s, and k3s here is the stand-in, which has a next release of its own. Give a real one by LAB_K3S too, or unset LAB_K3S_NEXT.`,
    );
  const version = await reportedVersion(file, ["--version"]);
  if (!isLater(version, k3sVersion))
    throw new Error(
      `LAB_K3S_NEXT=${file} is ${version}, which is no later release than ${k3sVersion} of LAB_K3S. Give a later one of the same or the next minor version.`,
    );
  return { file, version };
}

const RELEASE = /^v1\.(\d+)\.(\d+)(?:\+k3s(\d+))?$/;

/** Whether Kubernetes allows the step: no minor version is skipped, and none goes back. */
function isLater(version: string, before: string): boolean {
  const [[minor = NaN, ...rest], [minorBefore = NaN, ...restBefore]] = [numbers(version), numbers(before)];
  if (minor === minorBefore + 1) return true;
  return minor === minorBefore && order(rest, restBefore) > 0;
}

const numbers = (version: string): number[] => (RELEASE.exec(version) ?? []).slice(1).map((text) => Number(text ?? 0));

const order = (a: readonly number[], b: readonly number[]): number =>
  a.map((number, i) => number - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
