import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite, type SqliteDatabase } from '#libs/documents/sqlite';
import { createLogger, readConfig } from '#libs/platform';
import { assembleStandalone } from '../../apps/standalone/assemble.js';
import { HttpCaller } from './program-http.js';

/** The admin key that every program under test is given. */
export const rootKey = 'root-key-of-the-tests-0123456789';

export interface ProgramSettings {
  /** Environment variables beside those that the helper sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** A data folder to go on with; a new one, which goes with the program, when absent. */
  readonly folder?: string;
  /** Called with the data file before the program stands on it. */
  readonly prepare?: (database: SqliteDatabase) => Promise<void>;
}

/** The whole of Portcullis in this process, on a data folder of its own and on ports that were free. */
export interface Program {
  readonly control: HttpCaller;
  readonly edge: HttpCaller;
  /** The data file under the program: to look at what is stored, or to take it away. */
  readonly database: SqliteDatabase;
  readonly folder: string;
  /** The first admin key, when the program made one. */
  readonly firstKey: string | null;
  /** Every line that was logged. */
  readonly logLines: readonly string[];
  /** Stops and leaves the data folder as it is. Stopping again does nothing. */
  stop(): Promise<void>;
  /** Stops, and removes the data folder unless it was given. */
  close(): Promise<void>;
}

export async function startProgram({ env = {}, folder: given, prepare }: ProgramSettings = {}): Promise<Program> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'portcullis-'));
  const logLines: string[] = [];
  const config = {
    ...readConfig({ ADMIN_API_KEY: rootKey, PORTCULLIS_DATA: folder, LOG_FORMAT: 'json', ...env }),
    CONTROL_PORT: 0,
    EDGE_PORT: 0,
  };
  const logger = createLogger(config, { write: (line) => logLines.push(line) });
  const database = openSqlite({ folder });
  await prepare?.(database);
  const standalone = await assembleStandalone(config, logger, database);
  const control = new HttpCaller(standalone.control.url);
  const edge = new HttpCaller(standalone.gateway.url);
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= Promise.all([control.close(), edge.close()]).then(() => standalone.close());
    return stopped;
  };
  return {
    control,
    edge,
    database,
    folder,
    firstKey: standalone.firstKey?.text ?? null,
    logLines,
    stop,
    close: async () => {
      await stop();
      if (given === undefined) rmSync(folder, { recursive: true });
    },
  };
}

/** Every document of a collection, as it lies in the data file. */
export function storedDocuments(database: SqliteDatabase, collection: string): Promise<string[]> {
  return database.read((connection) =>
    connection.rows(`SELECT doc FROM "${collection}" ORDER BY seq`).map(([doc]) => String(doc)),
  );
}
