import { invalidModel } from './invalid-model.js';

/** A JSON object whose fields have not been looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** Parses UTF-8 JSON that must hold an object. @throws MODEL_INVALID naming the file's `label`. */
export function parseJsonObject(bytes: Uint8Array, label: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidModel(`${label} is not JSON`, cause);
  }
  return checkObject(value, label);
}

/** @throws MODEL_INVALID unless the value is an object and not a list. */
export function checkObject(value: unknown, label: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidModel(`${label} must be an object`);
  }
  return value as JsonObject;
}

/** @throws MODEL_INVALID unless the value is a whole number in the range, ends included. */
export function checkInteger(value: unknown, label: string, range: NumberRange): number {
  const number = checkNumber(value, label, range);
  if (!Number.isSafeInteger(number)) throw invalidModel(`${label} must be a whole number`);
  return number;
}

/** @throws MODEL_INVALID unless the value is a finite number in the range, ends included. */
export function checkNumber(value: unknown, label: string, range: NumberRange): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalidModel(`${label} must be a number`);
  }
  if (value < range.min || value > range.max) {
    throw invalidModel(`${label} must be between ${range.min} and ${range.max}`);
  }
  return value;
}

/** @throws MODEL_INVALID unless the value is a boolean. */
export function checkBoolean(value: unknown, label: string): boolean {
  if (typeof value !== 'boolean') throw invalidModel(`${label} must be true or false`);
  return value;
}

/** @throws MODEL_INVALID unless the value is a string of 1 to `maxLength` UTF-16 units. */
export function checkString(value: unknown, label: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength) {
    throw invalidModel(`${label} must be a text of 1 to ${maxLength} characters`);
  }
  return value;
}

/** @throws MODEL_INVALID unless the value is one of `options`. */
export function checkOneOf<T extends string | number | boolean>(
  value: unknown,
  label: string,
  options: readonly T[],
): T {
  const found = options.find((option) => option === value);
  if (found === undefined) throw invalidModel(`${label} must be ${options.join(' or ')}`);
  return found;
}

/** @throws MODEL_INVALID unless the value is a list of 1 to `maxLength` items that all pass `check`. */
export function checkList<T>(
  value: unknown,
  label: string,
  maxLength: number,
  check: (item: unknown, label: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxLength) {
    throw invalidModel(`${label} must be a list of 1 to ${maxLength} items`);
  }
  return value.map((item: unknown, index) => check(item, `${label}[${index}]`));
}

/** @throws MODEL_INVALID unless the value is this many digits of lower-case hex. */
export function checkHex(value: unknown, label: string, digits: number): string {
  if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-f]+$/.test(value)) {
    throw invalidModel(`${label} must be ${digits} digits of hex`);
  }
  return value;
}
