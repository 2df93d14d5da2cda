import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { SalamandraError } from '../../errors/salamandra-error.js';

/**
 * Checks every request against the class that describes it. A member of a body that is null counts as left out: that is how
 * many clients write what they do not set, and `@IsOptional` would let it pass as a value.
 */
export class RequestValidation extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      exceptionFactory: toInvalidFieldsError,
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const given = metadata.type === 'body' ? withoutNulls(value) : value;
    return (await super.transform(given, metadata)) as unknown;
  }
}

/** A copy without the members that are null, at any depth. Nulls in lists stay, since a list counts its places. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === null ? [] : [[name, withoutNulls(member)]],
    ),
  );
}

/** What is wrong with one field of a body. */
export interface FieldError {
  /** With dots and indices, `questions.0.text`. */
  readonly field: string;
  readonly detail: string;
}

/** A body with unknown or invalid fields; the answer names each. */
export class InvalidFieldsError extends SalamandraError {
  constructor(
    code: 'UNKNOWN_FIELD' | 'INVALID_PARAMETER',
    readonly errors: readonly FieldError[],
  ) {
    super(code, errors.map(({ detail }) => detail).join(' '));
  }
}

/** Answers list this many faults and no more; a body may hold thousands. */
const MAX_FIELD_ERRORS = 20;

/** Reads class-validator's findings. A body with any unknown field counts as one with an unknown field. */
export function toInvalidFieldsError(found: readonly ValidationError[]): InvalidFieldsError {
  const faults = found.flatMap((error) => listFaults(error, ''));
  const unknown = faults.filter(({ isUnknown }) => isUnknown);
  const chosen = (unknown.length > 0 ? unknown : faults).slice(0, MAX_FIELD_ERRORS);
  return new InvalidFieldsError(
    unknown.length > 0 ? 'UNKNOWN_FIELD' : 'INVALID_PARAMETER',
    chosen.map(({ field, detail }) => ({ field, detail })),
  );
}

interface Fault extends FieldError {
  readonly isUnknown: boolean;
}

function listFaults(error: ValidationError, parent: string): Fault[] {
  const field = `${parent}${nameOf(error.property)}`;
  const own = describeFault(error, parent, field);
  const nested = (error.children ?? []).flatMap((child) => listFaults(child, `${field}.`));
  return own ? [own, ...nested] : nested;
}

/** One sentence a field: a value of the wrong type breaks every other rule as well. */
function describeFault(error: ValidationError, parent: string, field: string): Fault | undefined {
  const broken = Object.entries(error.constraints ?? {});
  const [rule, message] = broken.find(([name]) => TYPE_RULES.has(name)) ?? broken[0] ?? [];
  if (message === undefined) return undefined;
  const isUnknown = rule === 'whitelistValidation';
  const detail = isUnknown
    ? `${field} is not a field of this request.`
    : `${parent}${message.replace(/\.?$/, '.')}`;
  return { field, detail, isUnknown };
}

const TYPE_RULES: ReadonlySet<string> = new Set([
  'isString',
  'isNumber',
  'isInt',
  'isArray',
  'isObject',
]);

/** Field names come from the client; only ordinary ones are repeated to it. */
function nameOf(property: string): string {
  return /^\w{1,64}$/.test(property) ? property : '(unnamed)';
}
