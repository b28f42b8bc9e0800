import type { Config } from '#libs/platform';
import type { Standalone } from './assemble.js';

/** One screen: what runs where, the admin key if it was made just now, and three commands to try. */
export function banner(standalone: Standalone, config: Config): string {
  const { control, gateway, firstKey } = standalone;
  const key = config.ADMIN_API_KEY ? '$ADMIN_API_KEY' : '$KEY';
  const json = `-H 'Content-Type: application/json'`;
  const login = `${control.url}/api/client/v2.0/app/${config.APP_ID}/auth/providers/local-userpass/login`;
  const lines = [
    '',
    '  Portcullis is up.',
    '',
    `    control API   ${control.url}   commands, sign-in, keys; documentation at /docs`,
    `    edge          ${gateway.url}   verdicts, and a proxy to ${config.UPSTREAM_URL ?? 'a small upstream that echoes'}`,
    `    data          ${config.PORTCULLIS_DATA}`,
    `    process       ${process.pid}`,
    '',
    ...keyLines(firstKey, config),
    '  Try it: register a user, sign in, ask the edge.',
    '',
    `    curl -H "Authorization: Bearer ${key}" ${json} ${control.url}/v1/users -d '{"email":"ada@example.org","password":"correct horse"}'`,
    `    TOKEN=$(curl -s ${json} ${login} -d '{"username":"ada@example.org","password":"correct horse"}' | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')`,
    `    curl -i -H "Authorization: Bearer $TOKEN" ${gateway.url}/hello`,
    '',
    `  See the gate drop, in another terminal:  KEY=${key} npm run demo`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** The key itself is shown once, so the commands name the variable to put it in. */
function keyLines(firstKey: Standalone['firstKey'], config: Config): string[] {
  if (firstKey) return ['  The admin key, made just now and shown only here:', '', `    KEY=${firstKey.text}`, ''];
  if (config.ADMIN_API_KEY) return ['  The admin key is the one in ADMIN_API_KEY.', ''];
  return ['  The admin key was shown at the first start. Lost it? Start once with ADMIN_API_KEY set.', ''];
}
