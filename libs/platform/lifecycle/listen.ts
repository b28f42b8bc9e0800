import { codeOf } from '../code-of.js';

/** The port cannot be listened on; the message says which and what to do. */
export class PortUnavailable extends Error {
  readonly code = 'port-unavailable';
}

/** Runs `listen`, and turns a refusal by the system into one clear sentence. `setting` names the variable to change. */
export async function listening(
  where: { readonly host: string; readonly port: number; readonly setting: string },
  listen: () => Promise<unknown>,
): Promise<void> {
  try {
    await listen();
  } catch (error) {
    const code = codeOf(error);
    const at = `${where.host}:${where.port}`;
    if (code === 'EADDRINUSE') {
      throw new PortUnavailable(`${at} is taken by another program; stop it, or set ${where.setting} to a free port`, {
        cause: error,
      });
    }
    if (code === 'EACCES') {
      throw new PortUnavailable(`${at} may not be opened by this user; set ${where.setting} to a port above 1023`, {
        cause: error,
      });
    }
    if (code === 'EADDRNOTAVAIL') {
      throw new PortUnavailable(`${where.host} is not an address of this machine; set HOST to one that is`, {
        cause: error,
      });
    }
    throw error;
  }
}
