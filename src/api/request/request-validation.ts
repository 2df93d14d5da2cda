import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import { getMetadataStorage, type ValidationError } from 'class-validator';

import { type FieldError, InvalidFieldsError } from '../response/problem.js';

/**
 * Validates every request against its DTO class. `null` in a body counts as undefined: many clients send it for fields
 * they do not set, and `@IsOptional` would pass it on as a value.
 */
export class RequestValidation extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      // The class of the target tells the known fields. Neither is sent to the client.
      validationError: { target: true },
      exceptionFactory: toInvalidFieldsError,
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const given = metadata.type === 'body' ? withoutNulls(value) : value;
    return (await super.transform(given, metadata)) as unknown;
  }
}

/**
 * A deep copy without `null` members. `null` in a list stays, since dropping it would shift the other entries.
 * Instances of classes, which stand for stored files, stay as they are.
 */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === null ? [] : [[name, withoutNulls(member)]],
    ),
  );
}

function isPlainObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Bounds the response, since a body may have thousands of invalid fields. */
const MAX_FIELD_ERRORS = 20;

/** Unknown fields come first: if there are any, the invalid values of known fields are not reported. */
function toInvalidFieldsError(found: readonly ValidationError[]): InvalidFieldsError {
  const faults = found.flatMap((error) => listFaults(error, ''));
  const unknown = faults.filter(({ isUnknown }) => isUnknown);
  const reported = (unknown.length > 0 ? unknown : faults).slice(0, MAX_FIELD_ERRORS);
  return new InvalidFieldsError(
    unknown.length > 0 ? 'UNKNOWN_FIELD' : 'INVALID_PARAMETER',
    reported.map(({ field, explain }) => ({ field, detail: explain() })),
  );
}

interface Fault extends Pick<FieldError, 'field'> {
  readonly isUnknown: boolean;
  /** Called for reported faults only, since the search for the nearest field is expensive. */
  readonly explain: () => string;
}

function listFaults(error: ValidationError, parent: string): Fault[] {
  const field = `${parent}${toFieldName(error.property)}`;
  const own = toFault(error, parent, field);
  const nested = (error.children ?? []).flatMap((child) => listFaults(child, `${field}.`));
  return own ? [own, ...nested] : nested;
}

/** One sentence per field. A value of the wrong type violates the other rules as well, so the type comes first. */
function toFault(error: ValidationError, parent: string, field: string): Fault | undefined {
  const broken = Object.entries(error.constraints ?? {});
  const [rule, message] = broken.find(([name]) => TYPE_RULES.has(name)) ?? broken[0] ?? [];
  if (message === undefined) return undefined;
  if (rule === 'whitelistValidation') {
    return { field, isUnknown: true, explain: () => toUnknownFieldDetail(error, field) };
  }
  const sentence = `${parent}${message.replace(/\.?$/, '')}${toReceived(error.value)}.`;
  return { field, isUnknown: false, explain: () => sentence };
}

const TYPE_RULES: ReadonlySet<string> = new Set([
  'isString',
  'isNumber',
  'isInt',
  'isArray',
  'isObject',
]);

/** Only plain field names are repeated in a response. */
function toFieldName(property: string): string {
  return /^\w{1,64}$/.test(property) ? property : '(unnamed)';
}

/** The offending value, if it is short. */
function toReceived(value: unknown): string {
  const isShort =
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'string' && /^[\w .,:+-]{1,32}$/.test(value));
  return isShort ? `; received ${JSON.stringify(value)}` : '';
}

function toUnknownFieldDetail({ property, target }: ValidationError, field: string): string {
  const known = target ? listFields(target) : [];
  const nearest = findNearest(property, known);
  const remedy =
    nearest === undefined ? 'GET /docs lists the fields.' : `Did you mean "${nearest}"?`;
  return `${field} is not a field of this request. ${remedy}`;
}

/** The validated properties of an object's class, inherited ones included. */
function listFields({ constructor }: object): string[] {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(constructor, '', false, false);
  return [...new Set(metadata.map(({ propertyName }) => propertyName))];
}

/** Typing errors and the wrong number (`language`, `languages`) are within two edits. */
const MAX_EDITS = 2;

/** The most similar candidate; undefined if all differ by more than MAX_EDITS or by half of their letters. */
function findNearest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > 64) return undefined;
  const [nearest] = candidates
    .map((candidate) => ({ candidate, edits: countEdits(name, candidate) }))
    .filter(({ candidate, edits }) => edits <= MAX_EDITS && edits * 2 < candidate.length)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.candidate;
}

/** Levenshtein distance. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const substituted = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
