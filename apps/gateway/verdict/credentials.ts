import { hasQueryToken } from './query-token.js';
import type { CredentialFault } from './verdict.js';

/** The bearer token of a request, or why there is none that could be used. */
export type Credentials = { readonly token: string } | { readonly fault: CredentialFault };

const noToken = { fault: 'no-token' } as const;
const otherScheme = { fault: 'other-scheme' } as const;
const malformed = { fault: 'malformed-credentials' } as const;
const several = { fault: 'several-credentials' } as const;

/**
 * Reads the one `Authorization` header of a request (RFC 6750, section 2.1; the scheme's case does not matter, RFC 9110,
 * section 11.1). Takes names and values in turn, as they came: Node's own table keeps the first of several
 * `Authorization` headers and drops the others, so that an upstream could act on another token than the one checked. For
 * the same reason a token in the target's query, which is not read, must not stand beside the header.
 */
export function readCredentials(rawHeaders: readonly string[], target: string): Credentials {
  let header: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 13 && isAuthorization(name)) {
      if (header !== undefined) return several;
      header = rawHeaders[at + 1];
    }
  }
  if (header === undefined) return noToken;
  return hasQueryToken(target) ? several : readBearer(header);
}

function isAuthorization(name: string): boolean {
  return name === 'authorization' || name === 'Authorization' || name.toLowerCase() === 'authorization';
}

function readBearer(header: string): Credentials {
  if (header.startsWith('Bearer ') && header.indexOf(' ', 7) === -1 && header.length > 7) {
    return { token: header.slice(7) };
  }
  const [scheme = '', ...rest] = header.split(/ +/);
  if (scheme.toLowerCase() !== 'bearer') return scheme === '' ? malformed : otherScheme;
  const [token = ''] = rest;
  return rest.length === 1 && token !== '' ? { token } : malformed;
}
