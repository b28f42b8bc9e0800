import type { IncomingMessage } from 'node:http';
import type { VerifiedToken } from '#libs/tokens';
import { identityHeaders } from '../verdict/identity.js';
import { endsHere, namedByConnection } from './hop-by-hop.js';
import type { IsTrusted } from './trusted-peers.js';

/**
 * Ours, from outside: dropped. Programs that read headers as variables (CGI and its heirs) take every character other
 * than a letter or a digit for the same underscore.
 */
const ours = /^x[^a-z0-9]portcullis([^a-z0-9]|$)/;
const forwarding = /^(forwarded|x[^a-z0-9]forwarded[^a-z0-9].*|x[^a-z0-9]real[^a-z0-9]ip)$/;

/** Set anew for this hop; `expect` was answered by us. */
const setHere: ReadonlySet<string> = new Set(['host', 'expect']);

/**
 * The headers with which a granted request goes on, names and values in turn and otherwise as they came, in their order
 * and spelling; `Authorization` too. `X-Forwarded-*` say where it came from: what the client says of that is believed
 * only from a trusted proxy.
 */
export function upstreamHeaders(
  request: IncomingMessage,
  parts: { readonly host: string; readonly token: VerifiedToken; readonly isTrusted: IsTrusted },
): string[] {
  const { rawHeaders, headers, socket } = request;
  const named = namedByConnection(headers.connection);
  const trusted = parts.isTrusted(socket.remoteAddress);
  const passed = ['host', parts.host];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const lower = name.toLowerCase();
    if (setHere.has(lower) || endsHere(lower, named)) continue;
    if (lower.startsWith('x') && ours.test(lower)) continue;
    if ((lower.startsWith('x') || lower.startsWith('f')) && forwarding.test(lower)) {
      if (!trusted || lower === 'x-forwarded-for') continue;
    }
    passed.push(name, rawHeaders[at + 1] ?? '');
  }
  const from = trusted ? headers['x-forwarded-for'] : undefined;
  const address = socket.remoteAddress ?? 'unknown';
  passed.push('x-forwarded-for', from === undefined ? address : `${[from].flat().join(', ')}, ${address}`);
  if (!trusted || headers['x-forwarded-proto'] === undefined) passed.push('x-forwarded-proto', 'http');
  if (!trusted || headers['x-forwarded-host'] === undefined) passed.push('x-forwarded-host', headers.host ?? '');
  passed.push(...identityHeaders(parts.token));
  return passed;
}
