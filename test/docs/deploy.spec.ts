import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createMetrics, settings } from '#libs/platform';

const file = new URL('../../docs/deploy.md', import.meta.url);
const text = readFileSync(file, 'utf8');

function all(pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, found = '']) => found))];
}

describe('given the page on running the full stack', () => {
  it('then each setting that it names is one', () => {
    const notOurs = ['NODE_EXTRA_CA_CERTS', 'NODE_VERSION'];
    const named = all(/\b([A-Z]{2,}(?:_[A-Z]+)+|HOST)\b/g).filter(
      (name) => !notOurs.includes(name) && name !== 'KAFKA_',
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !(name in settings))).toEqual([]);
  });

  it('then it says for each setting of a cluster which program needs it, or that all do', () => {
    const cluster = Object.entries(settings).filter(([, { desc }]) => desc?.startsWith('cluster: '));
    const unnamed = cluster.map(([name]) => name).filter((name) => !text.includes(name));
    // Those of a server's own connection are in the README's table, and are not told apart here.
    expect(unnamed.filter((name) => !/^(KAFKA|MONGODB|REDIS)_/.test(name))).toEqual([]);
  });

  it('then each metric that it alerts on is counted, with the labels that it names', () => {
    const { registry } = createMetrics();
    const known = new Set(registry.getMetricsAsArray().map(({ name }) => name));
    const named = all(/\b(portcullis_[a-z_]+)/g);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('then each of our metrics is in it', () => {
    const { registry } = createMetrics();
    const ours = registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .filter((name) => name.startsWith('portcullis_'));
    expect(ours.filter((name) => !text.includes(name))).toEqual([]);
  });

  it('then each file that it links to is there', () => {
    const links = all(/\]\((?!https?:)([^)#]+)[^)]*\)/g);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !existsSync(new URL(link, file)))).toEqual([]);
  });
});
