/**
 * The path and query of a request exactly as they came: whoever decodes or shortens a path on the way makes two readers
 * see two resources. Of an absolute target the authority is left out (RFC 9112, section 3.2.2). Null where there is no
 * path: `*`, an authority, or a fragment, which no request has (section 3.2).
 */
export function originForm(target: string): string | null {
  if (target.includes('#')) return null;
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?]+(.*)$/i.exec(target);
  if (absolute === null) return null;
  const [, rest = ''] = absolute;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
