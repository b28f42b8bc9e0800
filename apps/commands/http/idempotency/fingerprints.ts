import { createHmac, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { type CollectionSpec, type Document, type Documents, DuplicateKey } from '#libs/documents';

/** What was asked, without what is secret in it, and that: a password, say. Null: there is nothing secret. */
export interface Question {
  readonly text: string;
  readonly secret: string | null;
}

interface FingerprintKey extends Document {
  /** 32 random bytes, base64url. */
  readonly key: string;
}

const keysCollection: CollectionSpec<FingerprintKey> = { name: 'fingerprint_keys', indexes: [] };
const THE_KEY = 'command_results';

const slowly = promisify<string, Buffer, number, Buffer>(scrypt);

/**
 * Tells questions apart without keeping them: HMAC-SHA256 under a random key of this store (RFC 2104), so that nobody
 * can guess what was asked from a fingerprint alone. Whoever has the store has the key too, so a secret goes in through
 * a slow hash (scrypt, RFC 7914).
 */
export class Fingerprints {
  private constructor(private readonly key: Buffer) {}

  /** Makes the key at the first use of a store; of processes that do so at once, all take the first one's. */
  static async open(documents: Documents): Promise<Fingerprints> {
    const keys = await documents.collection(keysCollection);
    const kept = await keys.findOne({ _id: THE_KEY });
    if (kept !== null) return new Fingerprints(Buffer.from(kept.key, 'base64url'));
    const made = randomBytes(32);
    try {
      await keys.insertOne({ _id: THE_KEY, key: made.toString('base64url') });
      return new Fingerprints(made);
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      return await Fingerprints.open(documents);
    }
  }

  async of({ text, secret }: Question): Promise<string> {
    const hidden = secret === null ? null : (await slowly(secret, this.key, 32)).toString('base64url');
    return createHmac('sha256', this.key)
      .update(JSON.stringify([text, hidden]))
      .digest('base64url');
  }
}
