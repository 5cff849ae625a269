/** What a mistyped word was meant to be. */

/** The nearest of `words`, when it is near enough to be worth naming. */
export function closest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = word.length < 4 ? 2 : 3;
  for (const candidate of words) {
    const distance = candidate.startsWith(word) ? 1 : edits(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** How many letters to add, drop or change to turn one word into the other. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
