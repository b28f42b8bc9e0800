import { endsHere, namedByConnection } from './hop-by-hop.js';

/** The headers of an upstream's answer as they go on to the client, names and values in turn. */
export function clientHeaders(raw: readonly string[]): string[] {
  const connections: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === 'connection') connections.push(raw[at + 1] ?? '');
  }
  const named = namedByConnection(connections.length === 0 ? undefined : connections.join(','));
  const passed: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!endsHere(name.toLowerCase(), named)) passed.push(name, raw[at + 1] ?? '');
  }
  return passed;
}
