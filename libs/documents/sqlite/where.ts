import type { Bound } from './connection.js';
import { fieldText, fieldType, fieldValue } from './fields.js';

/** A piece of SQL and what is bound to it. */
export interface Sql {
  readonly sql: string;
  readonly params: readonly Bound[];
}

const never: Sql = { sql: '0', params: [] };
const always: Sql = { sql: '1', params: [] };

/** Says a filter in SQL, to be put after `WHERE`, with MongoDB's meaning: values of different types are never equal, less or greater. */
export function where(filter: object): Sql {
  const terms = Object.entries(filter).flatMap(([field, expected]) => condition(field, expected));
  return all(terms);
}

/** The fields that a filter asks to be equal to a value: what an upsert starts from. */
export function equalFields(filter: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(filter).filter(([, expected]) => !isCondition(expected)));
}

function condition(field: string, expected: unknown): Sql[] {
  if (!isCondition(expected)) return [equal(field, expected)];
  return Object.entries(expected).map(([operator, operand]) => operation(field, operator, operand));
}

function operation(field: string, operator: string, operand: unknown): Sql {
  switch (operator) {
    case '$gt':
      return range(field, '>', operand);
    case '$gte':
      return range(field, '>=', operand);
    case '$lt':
      return range(field, '<', operand);
    case '$lte':
      return range(field, '<=', operand);
    case '$ne':
      return different(field, operand);
    case '$in':
      return oneOf(field, operand);
    case '$exists':
      if (field === '_id') return operand === true ? always : never;
      return { sql: `${fieldText(field)} IS ${operand === true ? 'NOT NULL' : 'NULL'}`, params: [] };
    default:
      throw new TypeError(`"${operator}" is not an operator of a filter`);
  }
}

/** The value finds the row by an index; the text then tells types apart. */
function equal(field: string, expected: unknown): Sql {
  if (expected === null) return { sql: `${fieldValue(field)} IS NULL`, params: [] };
  const text = json(field, expected);
  if (typeof expected === 'object') return { sql: `${fieldText(field)} = ?`, params: [text] };
  const value = bound(expected);
  if (field === '_id') return typeof value === 'string' ? { sql: '_id = ?', params: [value] } : never;
  return { sql: `${fieldValue(field)} = ? AND ${fieldText(field)} = ?`, params: [value, text] };
}

function different(field: string, expected: unknown): Sql {
  if (expected === null) return { sql: `${fieldValue(field)} IS NOT NULL`, params: [] };
  const text = json(field, expected);
  if (field === '_id') return typeof expected === 'string' ? { sql: '_id <> ?', params: [expected] } : always;
  return { sql: `${fieldText(field)} IS NOT ?`, params: [text] };
}

function oneOf(field: string, expected: unknown): Sql {
  if (!Array.isArray(expected)) throw new TypeError(`$in on "${field}" takes a list`);
  const values = expected.filter((value) => value !== null);
  // One parameter for the whole list, so that the statement is the same for every length.
  const listed: Sql =
    field === '_id'
      ? {
          sql: '_id IN (SELECT value FROM json_each(?))',
          params: [JSON.stringify(values.filter((value) => typeof value === 'string'))],
        }
      : {
          sql:
            `${fieldValue(field)} IN (SELECT value FROM json_each(?)) ` +
            `AND ${fieldText(field)} IN (SELECT value FROM json_each(?))`,
          params: [JSON.stringify(values), JSON.stringify(values.map((value) => json(field, value)))],
        };
  if (values.length === expected.length) return listed;
  return { sql: `(${listed.sql} OR ${fieldValue(field)} IS NULL)`, params: listed.params };
}

function range(field: string, comparison: '<' | '<=' | '>' | '>=', limit: unknown): Sql {
  if (limit === null) {
    return comparison.endsWith('=') ? { sql: `${fieldValue(field)} IS NULL`, params: [] } : never;
  }
  const params = [bound(limit)];
  const sql = `${fieldValue(field)} ${comparison} ?`;
  if (field === '_id') return typeof limit === 'string' ? { sql, params } : never;
  return { sql: `${sql} AND ${fieldType(field)} IN (${typesLike(limit)})`, params };
}

/** SQLite's names for the JSON types that compare with a value. */
function typesLike(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return `'integer', 'real'`;
    case 'boolean':
      return `'true', 'false'`;
    default:
      return `'text'`;
  }
}

function all(terms: readonly Sql[]): Sql {
  if (terms.length === 0) return always;
  return { sql: terms.map((term) => term.sql).join(' AND '), params: terms.flatMap((term) => term.params) };
}

/** An object whose names all begin with `$` holds operators; any other object is a value. */
function isCondition(expected: unknown): expected is object {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) return false;
  const names = Object.keys(expected);
  return names.length > 0 && names.every((name) => name.startsWith('$'));
}

function json(field: string, value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  // A forgotten value would otherwise match everything, or nothing, in silence.
  if (text === undefined) throw new TypeError(`the filter's "${field}" is undefined`);
  return text;
}

function bound(value: unknown): Bound {
  switch (typeof value) {
    case 'string':
    case 'number':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    default:
      throw new TypeError('a filter compares with a string, a number, a boolean or null');
  }
}
