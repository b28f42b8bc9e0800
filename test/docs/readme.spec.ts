import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ms from 'ms';
import { settings } from '#libs/platform';

const file = new URL('../../README.md', import.meta.url);

/** The README's table of settings, made of the settings themselves. */
function settingsTable(): string {
  const rows = Object.entries(settings).map(([name, { desc, default: value, choices }]) => {
    const allowed = choices ? ` (${choices.map(String).join(', ')})` : '';
    return `| \`${name}\` | ${shown(name, value)} | ${desc}${allowed} |`;
  });
  return ['| variable | default | what it is |', '|---|---|---|', ...rows].join('\n');
}

function shown(name: string, value: unknown): string {
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 'none';
  return typeof value === 'number' && isDuration(name) ? `\`${ms(value)}\`` : `\`${String(value)}\``;
}

function isDuration(name: string): boolean {
  return /_(TTL|LIFE|AHEAD|SKEW|TIMEOUT|STALENESS)$/.test(name);
}

describe('given the README', () => {
  it('when its table of settings is compared with the settings, then it is up to date', () => {
    const readme = readFileSync(file, 'utf8');
    const block = /(<!-- settings -->\n)[\s\S]*?(<!-- \/settings -->)/;
    const wanted = readme.replace(block, (_all, start: string, end: string) => `${start}${settingsTable()}\n${end}`);
    expect(readme).toMatch(block);
    if (process.env.UPDATE_README === 'yes') writeFileSync(file, wanted);
    else expect(readme).toBe(wanted);
  });
});
