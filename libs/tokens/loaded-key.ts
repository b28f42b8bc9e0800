import { CompactSign, type CryptoKey, compactVerify, importJWK } from 'jose';
import type { VerificationKey } from './key-source.js';
import { verificationKey } from './public-jwk.js';
import { type SigningKeyDocument, signingKeysSpec } from './signing-key-document.js';

/** A stored key, with its crypto keys. */
export type LoadedKey = Omit<SigningKeyDocument, 'privateJwk'> & {
  readonly verification: VerificationKey;
  readonly privateKey: CryptoKey;
};

/** A stored key cannot be used. Says which, and nothing of what it holds. */
export class SigningKeyUnusable extends Error {
  readonly code = 'signing-key-unusable';
  constructor(readonly kid: string) {
    super(
      `signing key ${kid} in ${signingKeysSpec.name} is damaged: remove it, and a new one is made at the next start`,
    );
  }
}

/** Makes a stored key ready for use. Rejects with {@link SigningKeyUnusable}. */
export async function loadKey(document: SigningKeyDocument): Promise<LoadedKey> {
  const { privateJwk, ...rest } = document;
  const verification = await verificationKey({ ...rest.publicJwk, kid: rest.kid, alg: rest.algorithm, use: 'sig' });
  const privateKey = await importPrivate(document);
  if (verification === null || privateKey === null || !(await isPair(privateKey, verification))) {
    throw new SigningKeyUnusable(rest.kid);
  }
  return { ...rest, verification, privateKey };
}

/** Null for whatever goes wrong: the cause could quote the key. */
async function importPrivate({ privateJwk, algorithm }: SigningKeyDocument): Promise<CryptoKey | null> {
  try {
    const key = await importJWK(privateJwk, algorithm, { extractable: false });
    return key instanceof Uint8Array || key.type !== 'private' ? null : key;
  } catch {
    return null;
  }
}

/** A damaged private key may still sign, and nobody would accept what it signed. */
async function isPair(privateKey: CryptoKey, { key, algorithm }: VerificationKey): Promise<boolean> {
  try {
    const probe = await new CompactSign(Buffer.from('probe')).setProtectedHeader({ alg: algorithm }).sign(privateKey);
    await compactVerify(probe, key);
    return true;
  } catch {
    return false;
  }
}
