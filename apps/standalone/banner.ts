import type { Config } from '#libs/platform';
import type { Standalone } from './assemble.js';

/** One screen: what runs where, the admin key if it was made just now, and three commands to try. */
export function banner(standalone: Standalone, config: Config): string {
  const { control, gateway, firstKey } = standalone;
  const key = firstKey ? firstKey.text : config.ADMIN_API_KEY ? '$ADMIN_API_KEY' : '$KEY';
  const lines = [
    '',
    '  Portcullis is up.',
    '',
    `    control API   ${control.url}   commands, sign-in, keys; documentation at /docs`,
    `    edge          ${gateway.url}   verdicts, and a proxy to ${config.UPSTREAM_URL ?? 'a small upstream that echoes'}`,
    `    data          ${config.PORTCULLIS_DATA}`,
    `    process       ${process.pid}`,
    '',
    ...keyLines(standalone, config),
    '  Try it:',
    '',
    `    KEY=${key}`,
    `    curl -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' ${control.url}/v1/users -d '{"email":"ada@example.org","password":"correct horse"}'`,
    `    curl -H 'Content-Type: application/json' ${control.url}/api/client/v2.0/app/${config.APP_ID}/auth/providers/local-userpass/login -d '{"username":"ada@example.org","password":"correct horse"}'`,
    `    curl -i -H "Authorization: Bearer $ACCESS_TOKEN" ${gateway.url}/hello`,
    '',
    '  or see it all at once, in another terminal:  npm run demo',
    '',
  ];
  return `${lines.filter((line) => !line.startsWith('    KEY=$')).join('\n')}\n`;
}

function keyLines({ firstKey }: Standalone, config: Config): string[] {
  if (firstKey) return [`  The admin key, made just now and shown only here:  ${firstKey.text}`, ''];
  if (config.ADMIN_API_KEY) return ['  The admin key is the one in ADMIN_API_KEY.', ''];
  return ['  The admin key was shown at the first start. Lost it? Start once with ADMIN_API_KEY set.', ''];
}
