/** CloudEvents 1.0, context attributes. The time is in ms. */
export interface CloudEventAttributes {
  readonly id: string;
  /** A URI reference. `source` and `id` together are unique. */
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: number;
}

/**
 * The headers of a CloudEvent in binary mode: `ce_` before each attribute, and `content-type` for `datacontenttype`
 * (CloudEvents Kafka protocol binding, 3.2). There is no `ce_partitionkey`: the record's key comes from outside the
 * event, and a key must then not be added to it as an attribute (3.1).
 */
export function binaryHeaders({ id, source, type, subject, time }: CloudEventAttributes): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: source,
    ce_type: type,
    ...(subject === undefined ? {} : { ce_subject: subject }),
    ...(time === undefined ? {} : { ce_time: new Date(time).toISOString() }),
    'content-type': 'application/json',
  };
}
