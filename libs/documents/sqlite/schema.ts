import type { CollectionSpec, Document } from '../collection.js';
import type { Connection } from './connection.js';
import { fieldText, fieldValue, quoted } from './fields.js';
import { directionOf, orderBy } from './order.js';

/** Makes a collection's table if it is missing. `seq` is never used again, so it can be an offset of a log. */
export function createTable(connection: Connection, collection: string): void {
  connection.script(`CREATE TABLE IF NOT EXISTS ${quoted(collection)}
    (seq INTEGER PRIMARY KEY AUTOINCREMENT, _id TEXT NOT NULL UNIQUE, doc TEXT NOT NULL)`);
}

/**
 * Makes the declared indexes that are missing. A unique one is two: queries go by value, while uniqueness is decided on
 * the JSON text, where null and missing are one key as in MongoDB (to SQL no two NULLs are equal).
 */
export function createIndexes<T extends Document>(connection: Connection, spec: CollectionSpec<T>): void {
  const table = quoted(spec.name);
  for (const { keys, unique = false, sparse = false } of spec.indexes) {
    const fields = Object.keys(keys);
    const [first] = fields;
    if (first === undefined) throw new TypeError(`an index of "${spec.name}" has no keys`);
    const named = fields.map((field) => `${field}${directionOf(keys, field) === 1 ? '+' : '-'}`).join('');
    const name = `${spec.name}:${named}${sparse ? ':sparse' : ''}`;
    // SQLite uses it for every comparison with the first field, since none of them is true of NULL.
    const valued = sparse ? `WHERE ${fieldValue(first)} IS NOT NULL` : '';
    connection.script(`CREATE INDEX IF NOT EXISTS ${quoted(name)} ON ${table} (${orderBy(keys)}) ${valued}`);
    if (!unique) continue;
    const texts = fields.map((field) => `coalesce(${fieldText(field)}, 'null')`);
    const present = sparse ? `WHERE ${fieldText(first)} IS NOT NULL` : '';
    connection.script(
      `CREATE UNIQUE INDEX IF NOT EXISTS ${quoted(`${name}:unique`)} ON ${table} (${texts.join(', ')}) ${present}`,
    );
  }
}
