import { SalamandraError } from '../../errors/salamandra-error.js';

/** A JSON object of a request, its fields unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An error about one parameter. @param parameter as OpenAI writes it, `messages[0].content`. */
export function invalidParameter(parameter: string, rule: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', `${parameter} ${rule}`, {
    details: { parameter },
  });
}

/** Whether a value is left out: clients send `null` for parameters that they do not set. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** @throws INVALID_PARAMETER unless the value is a JSON object. */
export function readObject(value: unknown, parameter: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidParameter(parameter, 'must be an object.');
  }
  return value as JsonObject;
}

/** @throws INVALID_PARAMETER unless the value is a list. */
export function readList(value: unknown, parameter: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidParameter(parameter, 'must be a list.');
  return value;
}

/** @throws INVALID_PARAMETER unless the value is a text. */
export function readText(value: unknown, parameter: string): string {
  if (typeof value !== 'string') throw invalidParameter(parameter, 'must be a text.');
  return value;
}

/** @throws INVALID_PARAMETER unless the value is absent or a truth value. */
export function readFlag(value: unknown, parameter: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'boolean') throw invalidParameter(parameter, 'must be true or false.');
  return value;
}

export interface NumberRange {
  readonly kind: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
}

/** @throws INVALID_PARAMETER unless the value is absent or a number of the range, ends included. */
export function readNumber(
  value: unknown,
  parameter: string,
  { kind, min, max }: NumberRange,
): number | undefined {
  if (isAbsent(value)) return undefined;
  const isFit =
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (kind === 'number' || Number.isInteger(value));
  if (!isFit) {
    const noun = kind === 'integer' ? 'a whole number' : 'a number';
    throw invalidParameter(parameter, `must be ${noun} from ${min} to ${max}.`);
  }
  return value;
}

/** @throws INVALID_PARAMETER unless the value is absent or one of the choices. */
export function readChoice<T extends string>(
  value: unknown,
  parameter: string,
  choices: readonly T[],
): T | undefined {
  if (isAbsent(value)) return undefined;
  const choice = choices.find((one) => one === value);
  if (choice === undefined) {
    throw invalidParameter(parameter, `must be one of ${choices.join(', ')}.`);
  }
  return choice;
}
