export {
  type EventLog,
  type LogBatch,
  type LogEntry,
  type LogReader,
  type LogRecord,
  LogUnavailable,
  type LogValue,
  type Positions,
  type Reading,
} from './event-log.js';
