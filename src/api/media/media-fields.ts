import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString, ValidateBy } from 'class-validator';
import { MAX_MEDIA, MAX_BASE64_IMAGE_BYTES } from '../../config/limits.js';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { MediaSource } from './media-resolver.js';
import type { StoredUpload } from './media-upload.js';

export class MediaDto {
  @ApiPropertyOptional({
    description: 'The file in base64, without a data: prefix; 8 MB decoded at most.',
  })
  @IsOptional()
  @IsString()
  base64?: string;

  @ApiPropertyOptional({
    description:
      'Where the service fetches it from, http or https; off unless the operator allows it.',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  url?: string;
}

/** Property decorator: one object, or a list of at most MAX_MEDIA. */
export function IsMediaOrList(): PropertyDecorator {
  return ValidateBy({
    name: 'isObject',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'object' && (!Array.isArray(value) || value.length <= MAX_MEDIA),
      defaultMessage: (failure) =>
        `${failure?.property ?? 'media'} must be an object or a list of at most ${MAX_MEDIA}`,
    },
  });
}

/** The uploaded files in the order of the form, none where the body is JSON. */
export const UploadedMedia = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { files } = context.switchToHttp().getRequest<Request>();
  return ((files ?? []) as unknown as StoredUpload[]).map(({ source }) => source);
});

/**
 * The media of a request: its files or what its body holds.
 *
 * @throws INVALID_REQUEST for both at once, INVALID_BASE64, PAYLOAD_TOO_LARGE.
 */
export function resolveMedia(
  files: readonly MediaSource[],
  media: MediaDto | readonly MediaDto[] | undefined,
): readonly MediaSource[] {
  if (media === undefined) return files;
  if (files.length > 0) {
    throw new SalamandraError('INVALID_REQUEST', 'Send either "file" or "media", not both.');
  }
  const items: readonly MediaDto[] = Array.isArray(media) ? media : [media];
  return items.map(toSource);
}

/** The one picture or clip of a request. @throws INVALID_REQUEST when there is none. */
export function resolveOneMedia(
  files: readonly MediaSource[],
  media: MediaDto | undefined,
): MediaSource {
  const [source] = resolveMedia(files, media);
  if (source) return source;
  throw new SalamandraError(
    'INVALID_REQUEST',
    'There is no picture or clip: send it as the form field "file", or as "media" with "base64" or "url".',
  );
}

function toSource({ base64, url }: MediaDto): MediaSource {
  if (base64 !== undefined && url === undefined) return { kind: 'bytes', bytes: decode(base64) };
  if (url !== undefined && base64 === undefined) return { kind: 'url', url };
  throw new SalamandraError('INVALID_REQUEST', 'Give each of "media" either "base64" or "url".');
}

/** @throws INVALID_BASE64, PAYLOAD_TOO_LARGE */
function decode(text: string): Uint8Array {
  if (text.length > (MAX_BASE64_IMAGE_BYTES / 3) * 4) {
    throw new SalamandraError(
      'PAYLOAD_TOO_LARGE',
      'The file is too large for JSON; send it as multipart/form-data.',
      { details: { max_bytes: MAX_BASE64_IMAGE_BYTES } },
    );
  }
  // Buffer skips what it does not know, so a damaged text would decode to other bytes.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new SalamandraError('INVALID_BASE64', 'media.base64 is not valid base64.');
  }
  return Buffer.from(text, 'base64');
}
