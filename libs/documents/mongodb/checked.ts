import type { Document } from '../collection.js';

/** A document or a part of a command, as the driver takes it. */
export interface Fields {
  _id: string;
  [field: string]: unknown;
}

type Plain = Record<string, unknown>;

/**
 * The filter as the driver takes it.
 *
 * @throws {TypeError} for a value that is undefined: the driver would leave it out, and the filter would match everything.
 */
export function checkedFilter(filter: object): Plain {
  for (const [field, expected] of Object.entries(filter)) {
    if (expected === undefined) throw new TypeError(`the filter's "${field}" is undefined`);
    if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) continue;
    for (const [operator, operand] of Object.entries(expected)) {
      if (operand === undefined) throw new TypeError(`the filter's "${field}" has a ${operator} that is undefined`);
    }
  }
  return { ...filter };
}

/**
 * The update as the driver takes it, without operators that say nothing: an older server refuses those.
 *
 * @throws {TypeError} when no operator is left.
 */
export function checkedUpdate(update: object): Plain {
  const said = Object.entries(update).filter(([, changes]) => changes !== undefined && hasValue(changes));
  if (said.length === 0) throw new TypeError('an update needs an operator');
  return Object.fromEntries(said);
}

/** @throws {TypeError} when the id is no string: the driver would make one of its own kind. */
export function checkedDocument(document: object, collection: string): Fields {
  const fields: Plain = { ...document };
  const { _id: id } = fields;
  if (typeof id !== 'string') throw new TypeError(`a document of ${collection} needs an "_id" that is a string`);
  return { ...fields, _id: id };
}

/** Only this program writes documents, so what is read has the shape that was written; a foreign one is found by its id. */
export function stored<T extends Document>(document: object, collection: string): T {
  if (!isStored<T>(document)) throw new TypeError(`${collection} holds a document that was not written by Portcullis`);
  return document;
}

function isStored<T extends Document>(document: object): document is T {
  return '_id' in document && typeof document._id === 'string';
}

function hasValue(changes: unknown): boolean {
  return typeof changes === 'object' && changes !== null && Object.values(changes).some((value) => value !== undefined);
}
