import { randomBytes } from 'node:crypto';

/**
 * Makes ids of 24 hex digits, laid out as MongoDB's ObjectId: seconds (4 bytes), a random number for this maker (5), and
 * a counter that starts at random (3). They sort by second, and are no secret: the next one can be guessed.
 */
export function objectIds(now: () => number): () => string {
  const maker = randomBytes(5).toString('hex');
  let count = randomBytes(3).readUIntBE(0, 3);
  return () => {
    count = (count + 1) % 0x1000000;
    const seconds = Math.floor(now() / 1000) % 0x100000000;
    return seconds.toString(16).padStart(8, '0') + maker + count.toString(16).padStart(6, '0');
  };
}
