import type { ControlParts } from './control-parts.js';

const everyMs = 30_000;

/**
 * Sweeps what has expired and rotates the signing key when it is old enough: now and then, in every process (each step
 * is harmless when repeated). No store does this by itself, since not every store can.
 */
export function startHousekeeping(parts: ControlParts): { stop(): Promise<void> } {
  const { logger } = parts;
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    'expired sessions': () => parts.sessions.sweepExpired(),
    'kept command results': () => parts.commandResults.sweep(),
    'sign-in failures': () => parts.throttle.sweep(),
    'abandoned registrations': () => parts.accounts.sweepAbandoned(),
    'access token life': () => parts.accessLives.inUse(parts.config.ACCESS_TOKEN_TTL),
    'past access token lives': () => parts.accessLives.sweep(),
    'signing key rotation': () => rotateWhenOld(parts),
    'retired signing keys': () => parts.signingKeys.sweep(),
  };
  let underway: Promise<void> = Promise.resolve();
  const run = async () => {
    for (const [name, step] of Object.entries(steps)) {
      try {
        await step();
      } catch (error) {
        logger.warn({ err: error, step: name }, 'housekeeping step failed; it is tried again');
      }
    }
  };
  const timer = setInterval(() => {
    underway = underway.then(run);
  }, everyMs);
  underway = run();
  return {
    stop: async () => {
      clearInterval(timer);
      await underway;
    },
  };
}

async function rotateWhenOld({ signingKeys, config, now, logger }: ControlParts): Promise<void> {
  const newest = (await signingKeys.list()).at(-1);
  if (!newest || newest.createdAt > now() - config.SIGNING_KEY_LIFE) return;
  const { kid, signsFrom } = await signingKeys.rotate();
  logger.info({ kid, signsFrom: new Date(signsFrom).toISOString() }, 'a new signing key was published');
}
