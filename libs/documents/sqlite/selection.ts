import { orderBy } from './order.js';
import { type Sql, where } from './where.js';

/** A query for the matches of a filter: their `seq` and `doc`, at most `limit`, in order if there is one. */
export function selection(table: string, filter: object, limit: number, sort?: object): Sql {
  const { sql, params } = where(filter);
  const order = sort === undefined ? '' : ` ORDER BY ${orderBy(sort)}`;
  return { sql: `SELECT seq, doc FROM ${table} WHERE ${sql}${order} LIMIT ?`, params: [...params, limit] };
}
