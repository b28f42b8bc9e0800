import { describe, expect, it } from '@jest/globals';
import { ConfigurationInvalid, readConfig, revocationLifeMs } from './config.js';
import { requireCluster } from './required.js';
import { secretSettings, settings } from './settings.js';

type Name = keyof typeof settings;

/** For each setting: texts that are read, with what they are read as, and texts that are refused, with why. */
interface Rule {
  readonly good: readonly (readonly [string, unknown])[];
  readonly bad: readonly (readonly [string, RegExp])[];
}

const anything = (...texts: readonly string[]): Rule => ({ good: texts.map((text) => [text, text] as const), bad: [] });

const choice = (...choices: readonly string[]): Rule => ({
  good: choices.map((each) => [each, each] as const),
  bad: [
    ['nosuch', /not in choices/],
    [choices[0]?.toUpperCase() === choices[0] ? 'es256' : (choices[0]?.toUpperCase() ?? ''), /not in choices/],
  ],
});

const duration = (least: readonly [string, number], most: readonly [string, number], ...beyond: string[]): Rule => ({
  good: [least, most],
  bad: [
    ['', /is not a duration/],
    ['30', /is not a duration; write a number and a unit, such as 30m or 60d/],
    ['30 m', /is not a duration/],
    ['-1s', /is not a duration/],
    ['1.5h', /is not a duration/],
    ['1y', /is not a duration/],
    ['soon', /is not a duration/],
    ...beyond.map((text) => [text, /is not between/] as const),
  ],
});

const whole = (least: number, most: number): Rule => ({
  good: [
    [String(least), least],
    [String(most), most],
  ],
  bad: [String(most + 1), '-1', '1.5', '1e3', '0x10', 'many', ''].map(
    (text) => [text, /is not a whole number between/] as const,
  ),
});

const portRule: Rule = {
  good: [
    ['1', 1],
    ['65535', 65_535],
  ],
  bad: ['0', '65536', '-1', '80.5', 'http', ''].map((text) => [text, /Invalid port/] as const),
};

const yesOrNo: Rule = {
  good: [
    ['true', true],
    ['false', false],
    ['1', true],
    ['0', false],
  ],
  bad: [['maybe', /Invalid bool/]],
};

const list: Rule = {
  good: [
    ['', []],
    ['a:1', ['a:1']],
    [' a:1, b:2 ,,', ['a:1', 'b:2']],
  ],
  bad: [],
};

const httpUrl: Rule = {
  good: [
    ['http://10.0.0.1:8080', 'http://10.0.0.1:8080'],
    ['https://api.example.org/v1//', 'https://api.example.org/v1'],
  ],
  bad: [
    ['api.example.org', /is not a URL/],
    ['http://', /is not a URL/],
    ['ftp://example.org', /must begin with http:\/\/ or https:\/\//],
    ['http://user:pass@example.org', /must not hold a user or a password/],
    ['http://example.org/x?y=1', /must not hold a query or a fragment/],
    ['http://example.org/#z', /must not hold a query or a fragment/],
    ['javascript:alert(1)', /must begin with/],
  ],
};

const rules: Readonly<Record<Name, Rule>> = {
  PORTCULLIS_STORAGE: choice('embedded', 'cluster'),
  PORTCULLIS_DATA: anything('./data', '/var/lib/portcullis'),
  APP_ID: {
    good: ['main', 'A', '0-_', 'x'.repeat(64)].map((text) => [text, text] as const),
    bad: ['', '-main', '_main', 'a/b', 'a:b', 'a b', 'ä', 'a\n', 'x'.repeat(65)].map((text) => [
      text,
      /is not an app id/,
    ]),
  },
  HOST: {
    good: ['127.0.0.1', '0.0.0.0', '::', 'localhost', 'portcullis.example.org'].map((text) => [text, text] as const),
    bad: ['my host', 'http://x', '127.0.0.1:80', ''].map((text) => [text, /Invalid host/] as const),
  },
  CONTROL_PORT: portRule,
  EDGE_PORT: portRule,
  ADMIN_API_KEY: {
    good: [
      ['', null],
      ['x'.repeat(24), 'x'.repeat(24)],
    ],
    bad: [
      ['x'.repeat(23), /^ADMIN_API_KEY: this is too short: at least 24 characters$/],
      ['x x'.repeat(10), /^ADMIN_API_KEY: this must be at most 1024 visible ASCII characters$/],
      ['x'.repeat(1_025), /^ADMIN_API_KEY: this must be at most 1024 visible ASCII characters$/],
    ],
  },
  ACCESS_TOKEN_TTL: duration(['5s', 5_000], ['1d', 86_400_000], '4s', '4999ms', '2d'),
  REFRESH_TOKEN_TTL: duration(['31m', 1_860_000], ['180d', 15_552_000_000], '29m', '181d'),
  TOKEN_ALGORITHM: choice('ES256', 'RS256', 'EdDSA'),
  TOKEN_ISSUER: {
    good: ['https://id.example.org', 'portcullis'].map((text) => [text, text] as const),
    bad: ['', 'a b', 'x'.repeat(256)].map((text) => [text, /is not an issuer/] as const),
  },
  TOKEN_AUDIENCE: {
    good: [
      ['', 'main'],
      ['orders', 'orders'],
    ],
    bad: [],
  },
  SIGNING_KEY_LIFE: duration(['1h', 3_600_000], ['730d', 63_072_000_000], '59m', '731d'),
  SIGNING_KEY_PUBLISH_AHEAD: duration(['0s', 0], ['1d', 86_400_000], '25h'),
  CLOCK_SKEW: duration(['0s', 0], ['5m', 300_000], '301s'),
  ENFORCE_AT_ONCE: yesOrNo,
  UPSTREAM_URL: { ...httpUrl, good: [['', null], ...httpUrl.good] },
  UPSTREAM_TIMEOUT: duration(['100ms', 100], ['1h', 3_600_000], '99ms', '61m'),
  BODY_LIMIT: whole(1_024, 16_777_216),
  TRUST_PROXY: {
    good: [
      ['', []],
      ['10.0.0.0/8, ::1,192.168.1.1', ['10.0.0.0/8', '::1', '192.168.1.1']],
      ['fd00::/8', ['fd00::/8']],
    ],
    bad: [
      'loopback',
      '10.0.0.0/33',
      '0.0.0.0/0',
      '10.0.0/8',
      'fd00::/129',
      '10.0.0.1/8/8',
      '10.0.0.1/',
      '*',
      'true',
    ].map((text) => [text, /is not an address or a network/] as const),
  },
  IDEMPOTENCY_TTL: duration(['1m', 60_000], ['30d', 2_592_000_000], '59s', '31d'),
  LOG_LEVEL: choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  LOG_FORMAT: choice('auto', 'json', 'pretty'),
  MONGODB_URI: {
    good: [
      'mongodb://127.0.0.1:27017/portcullis',
      'mongodb://a:27017,b:27017,c:27017/portcullis?replicaSet=rs0',
      'mongodb+srv://user:p%40ss@cluster.example.org/portcullis',
      '',
    ].map((text) => [text, text] as const),
    bad: ['localhost:27017', 'http://example.org', 'mongodb://', 'mongodb://a b'].map(
      (text) => [text, /^MONGODB_URI: this is not a URI of mongodb or mongodb\+srv$/] as const,
    ),
  },
  MONGODB_POOL: whole(1, 1_000),
  MONGODB_TIMEOUT: duration(['100ms', 100], ['1m', 60_000], '99ms', '61s'),
  KAFKA_BROKERS: list,
  KAFKA_TOPIC: {
    good: ['portcullis.user-events', 'x'.repeat(200)].map((text) => [text, text] as const),
    bad: ['', 'a b', 'a/b', 'x'.repeat(201)].map((text) => [text, /is not a topic name/] as const),
  },
  KAFKA_PARTITIONS: whole(1, 1_000),
  KAFKA_REPLICATION: whole(0, 10),
  KAFKA_TLS: yesOrNo,
  KAFKA_SASL: { good: [['none', 'none']], bad: [['gssapi', /not in choices/]] },
  KAFKA_USERNAME: anything('', 'portcullis'),
  KAFKA_PASSWORD: anything('', 'secret'),
  KAFKA_TIMEOUT: duration(['500ms', 500], ['1m', 60_000], '499ms', '61s'),
  REDIS_URL: {
    good: ['', 'redis://127.0.0.1:6379/0', 'rediss://user:p%40ss@redis.example.org'].map(
      (text) => [text, text] as const,
    ),
    bad: [
      ['localhost:6379', /must begin with redis:\/\/ or rediss:\/\//],
      ['http://example.org', /must begin with/],
      ['redis', /is not a URL/],
    ],
  },
  REDIS_SENTINELS: { ...list, good: [['', []]] },
  REDIS_SENTINEL_NAME: anything('', 'mymaster'),
  REDIS_SENTINEL_PASSWORD: anything('', 'secret'),
  REDIS_TIMEOUT: duration(['50ms', 50], ['30s', 30_000], '49ms', '31s'),
  REDIS_PREFIX: {
    good: ['', 'portcullis:', 'a.b-c_d:'].map((text) => [text, text] as const),
    bad: ['a b', '{x}', 'x'.repeat(65)].map((text) => [text, /is not a key prefix/] as const),
  },
  JWKS_URL: httpUrl,
  PROJECTIONS: choice('all', 'revocations'),
  REGION: {
    good: ['', 'eu-west-1'].map((text) => [text, text] as const),
    bad: ['EU', 'a b', 'x'.repeat(33)].map((text) => [text, /is not a region name/] as const),
  },
  PROJECTOR_PORT: portRule,
};

/** The problems that reading this environment comes to. */
function problemsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationInvalid)) throw error;
    return error.problems;
  }
}

const cases = Object.entries(rules);

describe.each(cases)('given the setting %s', (name, { good, bad }) => {
  it.each(good)('when it is %j, then it is read as %j', (text, value) => {
    expect(Reflect.get(readConfig({ [name]: text }), name)).toEqual(value);
  });

  if (bad.length > 0) {
    it.each(bad)('when it is %j, then it is refused by name: %s', (text, why) => {
      const problems = problemsOf({ [name]: text });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${name}: `));
      expect(problems[0]).toMatch(why);
    });
  }
});

describe('given every setting', () => {
  it('then each has a rule here, a description and a default', () => {
    expect(Object.keys(rules).sort()).toEqual(Object.keys(settings).sort());
    expect(() => readConfig({})).not.toThrow();
    for (const [name, { desc }] of Object.entries(settings))
      expect({ name, desc }).toEqual({ name, desc: expect.stringMatching(/./) });
  });

  it('when several are wrong, then each has a line', () => {
    expect(() => readConfig({ HOST: 'a b', LOG_LEVEL: 'loud', CLOCK_SKEW: 'little' })).toThrow(
      /^the configuration is wrong:\n {2}HOST: .*\n {2}CLOCK_SKEW: .*\n {2}LOG_LEVEL: .*$/,
    );
  });

  it('when there are variables that are not ours, then they are left alone', () => {
    expect(readConfig({ PATH: '/bin', EDGE_PROT: '1' })).not.toHaveProperty('PATH');
  });
});

describe('given settings that only together are wrong', () => {
  it.each([
    [{ ACCESS_TOKEN_TTL: '30m', REFRESH_TOKEN_TTL: '30m' }, /^ACCESS_TOKEN_TTL: .* \(REFRESH_TOKEN_TTL\)$/],
    [{ CONTROL_PORT: '7300' }, /^EDGE_PORT: .* \(CONTROL_PORT\)$/],
    [{ KAFKA_SASL: 'plain', KAFKA_USERNAME: 'x' }, /^KAFKA_SASL: .*KAFKA_PASSWORD$/],
    [{ KAFKA_SASL: 'scram-sha-256', KAFKA_PASSWORD: 'x' }, /^KAFKA_SASL: .*KAFKA_USERNAME/],
    [{ REDIS_SENTINELS: 'a:1' }, /^REDIS_SENTINEL_NAME: /],
  ])('when they are %j, then that is refused', (env, why) => {
    const problems = problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(why);
  });

  it.each([
    { KAFKA_SASL: 'plain', KAFKA_USERNAME: 'x', KAFKA_PASSWORD: 'y' },
    { REDIS_SENTINELS: 'a:1', REDIS_SENTINEL_NAME: 'mymaster' },
    { ACCESS_TOKEN_TTL: '29m', REFRESH_TOKEN_TTL: '30m' },
  ])('when they are %j, then they go together', (env) => {
    expect(problemsOf(env)).toEqual([]);
  });
});

describe('given settings that follow from others', () => {
  it('when the audience is empty, then it is the app id', () => {
    expect(readConfig({ APP_ID: 'shop' }).TOKEN_AUDIENCE).toBe('shop');
  });

  it('when the JWKS URL is empty, then it is below the issuer', () => {
    expect(readConfig({ TOKEN_ISSUER: 'https://id.example.org' }).JWKS_URL).toBe(
      'https://id.example.org/.well-known/jwks.json',
    );
  });

  it('when a revocation must be remembered, then for a token life, the skew each way and a minute more', () => {
    expect(revocationLifeMs(60_000, { CLOCK_SKEW: 5_000 })).toBe(130_000);
  });
});

describe('given a program that needs cluster storage', () => {
  it('when something is missing, then each is named', () => {
    const config = readConfig({ MONGODB_URI: 'mongodb://a/b' });
    expect(() => requireCluster(config, ['MONGODB_URI', 'KAFKA_BROKERS', 'REDIS_URL'])).toThrow(
      /PORTCULLIS_STORAGE: .*\n {2}KAFKA_BROKERS: .*\n {2}REDIS_URL: /,
    );
    const whole = readConfig({ PORTCULLIS_STORAGE: 'cluster', MONGODB_URI: 'mongodb://a/b', KAFKA_BROKERS: 'a:1' });
    expect(() => requireCluster(whole, ['MONGODB_URI', 'KAFKA_BROKERS'])).not.toThrow();
  });
});

describe('given a secret that is wrong', () => {
  const wrong: Readonly<Record<string, string>> = {
    ADMIN_API_KEY: 'hunter2',
    MONGODB_URI: 'mongo://user:hunter2@a',
    REDIS_URL: 'radis://user:hunter2@a',
    KAFKA_PASSWORD: 'hunter2',
    REDIS_SENTINEL_PASSWORD: 'hunter2',
  };
  it.each([...secretSettings])('when it is %s, then no error repeats it', (name) => {
    const text = wrong[name];
    expect(text).toBeDefined();
    const problems = problemsOf({ [name]: text ?? '', LOG_LEVEL: 'loud' });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});
