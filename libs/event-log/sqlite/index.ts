export { SqliteEventLog } from './event-log.js';
