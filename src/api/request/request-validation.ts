import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';

import { toInvalidFieldsError } from '../errors/invalid-fields-error.js';

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
