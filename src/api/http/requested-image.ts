import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

import { MAX_BASE64_IMAGE_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { MediaDto } from './media.dto.js';

/** The uploaded file, `undefined` where the body is JSON or the form has none. */
export const UploadedImage = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { file } = context.switchToHttp().getRequest<Request>();
  return file?.buffer;
});

/** The encoded picture of a request: its file or its base64. @throws INVALID_REQUEST unless there is exactly one. */
export function resolveImage(
  file: Uint8Array | undefined,
  media: MediaDto | undefined,
): Uint8Array {
  if (file && media) {
    throw new SalamandraError('INVALID_REQUEST', 'Send either "file" or "media", not both.');
  }
  if (file) return file;
  if (media) return decodeBase64(media.base64);
  throw new SalamandraError(
    'INVALID_REQUEST',
    'There is no picture: send it as the form field "file" or as "media.base64" in JSON.',
  );
}

/** @throws INVALID_BASE64, PAYLOAD_TOO_LARGE */
function decodeBase64(text: string): Uint8Array {
  if (text.length > (MAX_BASE64_IMAGE_BYTES / 3) * 4) {
    throw new SalamandraError(
      'PAYLOAD_TOO_LARGE',
      'The picture is too large for JSON; send it as multipart/form-data.',
      { details: { max_bytes: MAX_BASE64_IMAGE_BYTES } },
    );
  }
  // Buffer skips what it does not know, so a damaged text would decode to other bytes.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new SalamandraError('INVALID_BASE64', 'media.base64 is not valid base64.');
  }
  return Buffer.from(text, 'base64');
}
