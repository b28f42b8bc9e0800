import type { SigningKeyDocument } from './signing-key-document.js';

type KeyTimes = Pick<SigningKeyDocument, 'generation' | 'signsFrom' | 'longestLifeMs'>;

/** Oldest first: each key signs until the next one starts to. */
export function inOrder<K extends KeyTimes>(keys: readonly K[]): K[] {
  return [...keys].sort((a, b) => a.signsFrom - b.signsFrom || a.generation - b.generation);
}

/** The key that signs at a time: the last that has started. Before the first has, for a slow clock: the first. */
export function signingAt<K extends KeyTimes>(keys: readonly K[], time: number): K | null {
  const ordered = inOrder(keys);
  return ordered.findLast((key) => key.signsFrom <= time) ?? ordered[0] ?? null;
}

/**
 * The keys whose tokens may still live at a time. A key is done with when its successor has signed for as long as the
 * longest of its own tokens lives, and `graceMs` more: for clocks that differ, and processes that learn of the successor late.
 */
export function publishedAt<K extends KeyTimes>(keys: readonly K[], time: number, graceMs: number): K[] {
  const ordered = inOrder(keys);
  return ordered.filter((key, index) => {
    const successor = ordered[index + 1];
    return successor === undefined || time < successor.signsFrom + key.longestLifeMs + graceMs;
  });
}
