import { invalidParameter, isAbsent, type JsonObject } from '../request-body.js';

/** Characters of an id in a query. */
const MAX_ID = 100;

/** `limit` of a query. @throws INVALID_PARAMETER outside 1 to `max` */
export function readLimit(query: JsonObject, byDefault: number, max: number): number {
  const { limit } = query;
  if (isAbsent(limit)) return byDefault;
  const number = typeof limit === 'string' && /^\d{1,6}$/.test(limit) ? Number(limit) : 0;
  if (number >= 1 && number <= max) return number;
  throw invalidParameter('limit', `must be an integer from 1 to ${max}.`);
}

/** `after` of a query. @throws INVALID_PARAMETER unless it is one short text */
export function readAfter({ after }: JsonObject): string | undefined {
  if (isAbsent(after)) return undefined;
  if (typeof after === 'string' && after.length <= MAX_ID) return after;
  throw invalidParameter('after', 'must be the id of the last entry of the page before.');
}

/** @throws INVALID_PARAMETER */
export function readOneOf<T extends string>(
  query: JsonObject,
  name: string,
  choices: readonly T[],
): T {
  const choice = choices.find((text) => text === query[name]);
  if (choice !== undefined) return choice;
  throw invalidParameter(name, `must be one of ${choices.join(', ')}.`);
}
