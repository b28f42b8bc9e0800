import { bool, host, port, str } from 'envalid';
import { duration, networks, secret, serviceUrl, textLike, whole } from './validators.js';

/** Settings of the programs, whatever they stand on. */
export const programSettings = {
  PORTCULLIS_STORAGE: str({
    choices: ['embedded', 'cluster'],
    default: 'embedded',
    desc: '`embedded`: SQLite in the data folder, one process; `cluster`: Kafka, MongoDB and Redis',
  }),
  PORTCULLIS_DATA: str({ default: './data', desc: 'the data folder of embedded storage; one process at a time' }),
  APP_ID: textLike(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    'an app id: 1 to 64 letters, digits, - and _',
  )({ default: 'main', desc: 'the app whose users these are; it is in every event, token and key' }),
  HOST: host({ default: '127.0.0.1', desc: 'the address that both ports listen on' }),
  CONTROL_PORT: port({ default: 7301, desc: 'the control API: commands, sign-in, JWKS' }),
  EDGE_PORT: port({ default: 7300, desc: 'the edge: verdicts and the reverse proxy' }),
  ADMIN_API_KEY: secret(24)({
    default: '',
    desc: 'a key with role admin, at least 24 characters; when none is set and none exists, one is made and printed once',
  }),
  ACCESS_TOKEN_TTL: duration('5s', '1d')({ default: 1_800_000, desc: 'how long an access token lives' }),
  REFRESH_TOKEN_TTL: duration('30m', '180d')({ default: 5_184_000_000, desc: 'how long a session can be refreshed' }),
  TOKEN_ALGORITHM: str({
    choices: ['ES256', 'RS256', 'EdDSA'],
    default: 'ES256',
    desc: 'how tokens are signed; a change makes a new key and keeps the old one for verifying',
  }),
  TOKEN_ISSUER: textLike(
    /^\S{1,255}$/,
    'an issuer: 1 to 255 characters without spaces',
  )({
    default: 'http://127.0.0.1:7301',
    desc: 'claim `iss` of tokens; set it to the public URL of the control API',
  }),
  TOKEN_AUDIENCE: str({ default: '', desc: 'claim `aud` of tokens; the app id when empty' }),
  SIGNING_KEY_LIFE: duration(
    '1h',
    '730d',
  )({ default: 7_776_000_000, desc: 'after this long a new signing key takes over' }),
  SIGNING_KEY_PUBLISH_AHEAD: duration(
    '0s',
    '1d',
  )({
    default: 600_000,
    desc: 'how long a new key is in the JWKS before it signs, so that every verifier has it',
  }),
  CLOCK_SKEW: duration('0s', '5m')({ default: 5_000, desc: 'how far the clocks of issuer and edge may differ' }),
  ENFORCE_AT_ONCE: bool({
    default: true,
    desc: 'write the revocation set right after the append; when false only the log does, a little later',
  }),
  UPSTREAM_URL: serviceUrl({
    default: '',
    desc: 'where the edge proxies to; when empty, a small upstream that echoes what it got',
  }),
  UPSTREAM_TIMEOUT: duration(
    '100ms',
    '1h',
  )({ default: 30_000, desc: 'how long the edge waits for the upstream to begin its answer' }),
  BODY_LIMIT: whole(
    1_024,
    16_777_216,
  )({ default: 65_536, desc: 'the largest body that the control API reads, in bytes' }),
  TRUST_PROXY: networks({
    default: [],
    desc: 'addresses or networks (comma-separated) whose `X-Forwarded-For` is believed',
  }),
  IDEMPOTENCY_TTL: duration(
    '1m',
    '30d',
  )({ default: 86_400_000, desc: 'how long the answer to an `Idempotency-Key` is kept' }),
  LOG_LEVEL: str({
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    desc: 'the least level that is logged; verdicts and commands are logged at `info`',
  }),
  LOG_FORMAT: str({
    choices: ['auto', 'json', 'pretty'],
    default: 'auto',
    desc: '`json` lines, `pretty` for people, or `auto`: pretty on a terminal',
  }),
};
