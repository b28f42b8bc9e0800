import { createHash, randomBytes } from 'node:crypto';

/** Makes the text of a key: `pck_<key id>_<43 base64url characters>`, which hold 256 random bits. */
export function makeKeyText(keyId: string): string {
  return `pck_${keyId}_${randomBytes(32).toString('base64url')}`;
}

/** The id in a key's text; null when it has another form, as a key that an operator chose may have. */
export function keyIdIn(text: string): string | null {
  return /^pck_([0-9a-z]{1,32})_[\w-]{43}$/.exec(text)?.[1] ?? null;
}

/** What is stored of a key. Keys are random and long, so a fast hash is enough. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
