/** Headers that end at this hop (RFC 9110, section 7.6.1), and the credentials meant for a proxy (section 11.7.1). */
const always: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const none: ReadonlySet<string> = new Set();

/** The names that a `Connection` header declares to end at this hop too, in lower case. */
export function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return none;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** Whether a header, by its name in lower case, must not be passed on. */
export function endsHere(name: string, named: ReadonlySet<string>): boolean {
  return always.has(name) || named.has(name);
}
