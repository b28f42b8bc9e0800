/**
 * Whether a request target carries a token in its query (RFC 6750, section 2.3). We never read it there, as URLs are
 * logged; beside a header it is a second method, which section 2 forbids: the upstream might act on the other token. Some
 * programs take `;` for `&`.
 */
export function hasQueryToken(target: string): boolean {
  const start = target.indexOf('?');
  if (start === -1 || !/access_token|%/.test(target)) return false;
  return new URLSearchParams(target.slice(start + 1).replaceAll(';', '&')).has('access_token');
}
