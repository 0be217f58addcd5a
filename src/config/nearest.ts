import { distance } from "fastest-levenshtein";

/** The known word that was probably meant, if any is near enough to be a slip of the fingers. */
export function nearestAmong(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = known.map((candidate) => ({ candidate, far: distance(lower, candidate.toLowerCase()) })).sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : sameBeginning(word, known);
}

/** `diskSize` and `diskGb`: the only known word that begins as this one does. */
function sameBeginning(word: string, known: readonly string[]): string | undefined {
  const beginning = firstPart(word);
  const alike = known.filter((candidate) => firstPart(candidate) === beginning);
  return beginning !== word && alike.length === 1 ? alike[0] : undefined;
}

function firstPart(word: string): string {
  return /^[a-z]{3,}(?=[A-Z])/.exec(word)?.[0] ?? word;
}
