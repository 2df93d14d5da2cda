import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';

/** What body-parser calls its failures, in its own words. */
const BODY_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  'entity.parse.failed': ['INVALID_JSON', 'The body is not valid JSON.'],
  'entity.too.large': [
    'PAYLOAD_TOO_LARGE',
    'The body is too large; send pictures as multipart/form-data.',
  ],
  'encoding.unsupported': ['UNSUPPORTED_MEDIA_TYPE', 'Compressed bodies are not accepted.'],
  'charset.unsupported': ['UNSUPPORTED_MEDIA_TYPE', 'JSON must be in UTF-8.'],
};

/** The codes of multer's errors. */
const UPLOAD_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  LIMIT_FILE_SIZE: ['PAYLOAD_TOO_LARGE', 'The file is too large.'],
  LIMIT_FIELD_VALUE: ['PAYLOAD_TOO_LARGE', 'A form field is too long.'],
  LIMIT_FIELD_KEY: ['MULTIPART_MALFORMED', 'The name of a form field is too long.'],
  LIMIT_FILE_COUNT: ['TOO_MANY_PARTS', 'The form has too many files.'],
  LIMIT_PART_COUNT: ['TOO_MANY_PARTS', 'The form has too many parts.'],
  LIMIT_FIELD_COUNT: ['TOO_MANY_PARTS', 'The form has too many fields.'],
  LIMIT_UNEXPECTED_FILE: ['UNKNOWN_FIELD', 'The file must be in the field "file".'],
};

const MALFORMED_FORM = ['MULTIPART_MALFORMED', 'The form is malformed.'] as const;

/** Translates what reading a JSON body threw; other errors pass as they are. */
export function toBodyError(error: unknown): unknown {
  const type = property(error, 'type');
  const known = typeof type === 'string' ? BODY_ERRORS[type] : undefined;
  if (known) return new SalamandraError(known[0], known[1], { cause: error });
  const status = property(error, 'status');
  return typeof status === 'number' && status >= 400 && status < 500
    ? new SalamandraError('INVALID_REQUEST', 'The body could not be read.', { cause: error })
    : error;
}

/** Translates what reading a form threw. Everything that is neither ours nor a limit is a malformed form. */
export function toUploadError(error: unknown): SalamandraError {
  if (error instanceof SalamandraError) return error;
  const code = property(error, 'code');
  const known = typeof code === 'string' ? UPLOAD_ERRORS[code] : undefined;
  const [publicCode, message] = known ?? MALFORMED_FORM;
  return new SalamandraError(publicCode, message, { cause: error });
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
