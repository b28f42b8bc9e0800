import type { Batch, KafkaMessage } from 'kafkajs';
import type { LogBatch, LogEntry, LogValue } from '../event-log.js';

export function logBatchOf(batch: Batch): LogBatch {
  const { partition } = batch;
  return {
    partition,
    entries: batch.messages.map((message) => entryOf(partition, message)),
    next: Number(batch.lastOffset()) + 1,
    end: Number(batch.highWatermark),
  };
}

/**
 * The position from which a batch was fetched. kafkajs keeps it in the batch and leaves it out of its types; the first
 * offset is the same, except where the log has holes.
 */
export function fetchedFrom(batch: Batch & { readonly fetchedOffset?: string }): number {
  return Number(batch.fetchedOffset ?? batch.firstOffset());
}

function entryOf(partition: number, { offset, key, value }: KafkaMessage): LogEntry {
  return { partition, offset: Number(offset), key: key?.toString() ?? '', value: parsed(value) };
}

function parsed(bytes: Buffer | null): LogValue | undefined {
  if (bytes === null) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is LogValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
