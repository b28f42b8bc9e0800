/** A JSON object, as a header and a set of claims are. */
export type JsonObject = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The header of a signed token in the compact form: three parts, each in the one base64url spelling that its bytes have
 * (RFC 7515, sections 2 and 7.1). Null when it is anything else.
 */
export function readHeader(token: string): JsonObject | null {
  const parts = token.split('.', 4);
  const [header] = parts;
  if (parts.length !== 3 || header === undefined || !parts.every(isCanonical)) return null;
  return readObject(Buffer.from(header, 'base64url'));
}

/** A JSON object in UTF-8, or null when the bytes are anything else. */
export function readObject(bytes: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCanonical(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}
