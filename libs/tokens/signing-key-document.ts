import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { CollectionSpec } from '#libs/documents';
import type { SigningAlgorithm } from './algorithm.js';
import { type PublicJwk, publicPart } from './public-jwk.js';

/** A signing key as it is stored. Holds the private key: it never leaves this room, nor enters a log line or an error. */
export interface SigningKeyDocument {
  /** The generation, so that of two processes that make the next key at once one wins. */
  readonly _id: string;
  readonly generation: number;
  /** The thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: PublicJwk;
  readonly privateJwk: JWK;
  readonly createdAt: number;
  /** When it starts to sign, ms since the epoch. It is published from the moment it is stored. */
  readonly signsFrom: number;
  /** The longest life of any token that it may have signed, whatever the settings were then. */
  readonly longestLifeMs: number;
}

export const signingKeysSpec: CollectionSpec<SigningKeyDocument> = { name: 'signing_keys', indexes: [] };

/** Makes a key of the given generation, not yet stored. */
export async function makeSigningKey(
  key: Pick<SigningKeyDocument, 'generation' | 'algorithm' | 'createdAt' | 'signsFrom' | 'longestLifeMs'>,
): Promise<SigningKeyDocument> {
  const pair = await generateKeyPair(key.algorithm, { extractable: true, modulusLength: 2048 });
  const privateJwk = await exportJWK(pair.privateKey);
  const publicJwk = publicPart(await exportJWK(pair.publicKey));
  if (publicJwk === null) throw new Error(`a ${key.algorithm} key has no public part`);
  return {
    ...key,
    _id: String(key.generation),
    kid: await calculateJwkThumbprint({ ...publicJwk }),
    publicJwk,
    privateJwk,
  };
}
