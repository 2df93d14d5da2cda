import { ValidateBy } from 'class-validator';

/** Property decorator: a text of at most this many bytes in UTF-8. */
export function MaxUtf8Bytes(maxBytes: number): PropertyDecorator {
  return ValidateBy({
    name: 'maxUtf8Bytes',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && Buffer.byteLength(value) <= maxBytes,
      defaultMessage: (failure) =>
        `${failure?.property ?? 'text'} must be at most ${maxBytes} bytes in UTF-8`,
    },
  });
}
