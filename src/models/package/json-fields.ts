import { invalidModel } from './invalid-model.js';

/** A parsed JSON object whose fields are not validated yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Both ends are included. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** Parses UTF-8 JSON whose root is an object. @throws MODEL_INVALID */
export function parseJsonObject(bytes: Uint8Array, label: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidModel(`${label} is not valid UTF-8 JSON`, cause);
  }
  return checkObject(value, label);
}

/** @throws MODEL_INVALID unless the value is an object (an array is not). */
export function checkObject(value: unknown, label: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidModel(`${label} must be an object, found ${describeValue(value)}`);
  }
  return value as JsonObject;
}

/** @throws MODEL_INVALID unless the value is an integer in the range. */
export function checkInteger(value: unknown, label: string, range: NumberRange): number {
  const number = checkNumber(value, label, range);
  if (!Number.isSafeInteger(number)) {
    throw invalidModel(`${label} must be an integer, found ${number}`);
  }
  return number;
}

/** @throws MODEL_INVALID unless the value is a finite number in the range. */
export function checkNumber(value: unknown, label: string, range: NumberRange): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalidModel(`${label} must be a number, found ${describeValue(value)}`);
  }
  if (value < range.min || value > range.max) {
    throw invalidModel(`${label} must be between ${range.min} and ${range.max}, found ${value}`);
  }
  return value;
}

/** @throws MODEL_INVALID unless the value is a boolean. */
export function checkBoolean(value: unknown, label: string): boolean {
  if (typeof value !== 'boolean') {
    throw invalidModel(`${label} must be true or false, found ${describeValue(value)}`);
  }
  return value;
}

/** @throws MODEL_INVALID unless the value is a string of 1 to `maxLength` UTF-16 code units. */
export function checkString(value: unknown, label: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength) {
    throw invalidModel(
      `${label} must be a string of 1 to ${maxLength} characters, found ${describeValue(value)}`,
    );
  }
  return value;
}

/** @throws MODEL_INVALID unless the value is one of `options`. */
export function checkOneOf<T extends string | number | boolean>(
  value: unknown,
  label: string,
  options: readonly T[],
): T {
  const match = options.find((option) => option === value);
  if (match === undefined) {
    throw invalidModel(`${label} must be ${options.join(' or ')}, found ${describeValue(value)}`);
  }
  return match;
}

/**
 * As `checkOneOf`, for a field that says which kind of model a checkpoint contains.
 *
 * @throws MODEL_INVALID naming the supported values.
 */
export function checkSupported<T extends string>(
  value: unknown,
  label: string,
  supported: readonly T[],
): T {
  const match = supported.find((option) => option === value);
  if (match !== undefined) return match;
  const found = value === undefined ? 'is missing' : `${describeValue(value)} is not supported`;
  throw invalidModel(
    `${label} ${found}. Supported: ${supported.join(', ')}. ` +
      'Choose a checkpoint of one of these, or serve this one with transformers or vLLM',
  );
}

/** The entry of a table of supported names. @throws MODEL_INVALID like `checkSupported` */
export function findSupported<T>(
  value: unknown,
  label: string,
  table: Readonly<Record<string, T>>,
): T {
  return table[checkSupported(value, label, Object.keys(table))] as T;
}

/** @throws MODEL_INVALID unless the value is an array of 1 to `maxLength` items that all pass `check`. */
export function checkList<T>(
  value: unknown,
  label: string,
  maxLength: number,
  check: (item: unknown, label: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxLength) {
    throw invalidModel(
      `${label} must be an array of 1 to ${maxLength} items, found ${describeValue(value)}`,
    );
  }
  return value.map((item: unknown, index) => check(item, `${label}[${index}]`));
}

/** @throws MODEL_INVALID unless the value is an array of 0 to `maxLength` items that all pass `check`. */
export function checkItems<T>(
  value: unknown,
  label: string,
  maxLength: number,
  check: (item: unknown, label: string) => T,
): T[] {
  return Array.isArray(value) && value.length === 0
    ? []
    : checkList(value, label, maxLength, check);
}

/** @throws MODEL_INVALID unless the value is a string of `digits` lower-case hexadecimal digits. */
export function checkHex(value: unknown, label: string, digits: number): string {
  if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-f]+$/.test(value)) {
    throw invalidModel(
      `${label} must be ${digits} lower-case hexadecimal digits, found ${describeValue(value)}`,
    );
  }
  return value;
}

/** Short plain values are quoted in messages. Others only by type and size: the file may be hostile. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'no value';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  if (Array.isArray(value)) return `an array of ${value.length} items`;
  if (typeof value !== 'string') return 'an object';
  return /^[\w .+-]{1,40}$/.test(value) ? `"${value}"` : `a string of ${value.length} characters`;
}
