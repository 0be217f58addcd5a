import { distance } from "fastest-levenshtein";

/** The known word that was probably meant, if any is near enough to be a slip of the fingers. */
export function nearestAmong(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = known.map((candidate) => ({ candidate, far: distance(lower, candidate.toLowerCase()) })).sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}
