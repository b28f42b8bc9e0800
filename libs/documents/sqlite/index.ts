export { type Bound, type Connection, numberAt, type Row, textAt } from './connection.js';
export { SqliteDatabase } from './database.js';
export { SqliteDocuments } from './documents.js';
export { quoted } from './fields.js';
export { openSqlite } from './open.js';
export { createTable } from './schema.js';
