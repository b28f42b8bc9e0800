import type { RevocationEntry } from '../revocations.js';

/**
 * An entry is kept as `watermark time`, followed by ` until:sid` for each dead session: until when it has to be remembered, in
 * ms of the server's clock. Only `scripts.ts` writes it.
 */
export function unpackEntry(text: string): RevocationEntry {
  const [watermark, at, ...dead] = text.split(' ');
  return {
    watermark: Number(watermark),
    at: Number(at),
    deadSessions:
      dead.length === 0 ? noSessions : new Set(dead.map((one) => unpackSid(one.slice(one.indexOf(':') + 1)))),
  };
}

/** A session's id without spaces, which come between the parts. */
export function packSid(sid: string): string {
  return sid.replaceAll('%', '%25').replaceAll(' ', '%20');
}

export function unpackSid(packed: string): string {
  return packed.replaceAll('%20', ' ').replaceAll('%25', '%');
}

const noSessions: ReadonlySet<string> = new Set();
