import { applyDecorators, type Type } from '@nestjs/common';
import { ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type as TransformTo } from 'class-transformer';
import { IsNotEmpty, IsOptional, IsString, ValidateBy, ValidateNested } from 'class-validator';

import { MAX_BASE64_IMAGE_BYTES, MAX_MEDIA_PER_REQUEST } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { countPages } from '../../media/page-range.js';
import { PageField, PagesField, toPageRange } from '../request/page-fields.js';
import { decodeEither } from './data-url.js';
import type { MediaSource } from './media-resolver.js';

/** An image or video in a JSON body: `base64` or `url`. */
export class MediaDto {
  @ApiPropertyOptional({
    description: `The file in base64, or as a data: URL, at most ${MAX_BASE64_IMAGE_BYTES / 1e6} MB after decoding. Send larger files in a form.`,
  })
  @IsOptional()
  @IsString()
  base64?: string;

  @ApiPropertyOptional({
    description:
      'HTTP or HTTPS URL from which the service downloads the file. Disabled unless the operator sets SALAMANDRA_MEDIA_URLS.',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  url?: string;

  @PageField()
  page?: number;

  @PagesField()
  pages?: string;
}

/**
 * Property decorator: one image or video, or a list of at most MAX_MEDIA_PER_REQUEST. The class needs
 * `@ApiExtraModels(type)`.
 */
export function MediaField(type: Type, description: string): PropertyDecorator {
  const schema = { $ref: getSchemaPath(type) };
  return applyDecorators(
    ApiPropertyOptional({
      oneOf: [schema, { type: 'array', maxItems: MAX_MEDIA_PER_REQUEST, items: schema }],
      description,
    }),
    IsOptional(),
    IsMediaOrList(),
    ValidateNested(),
    TransformTo(() => type),
  );
}

/** The fields of a body that tell its media. */
interface MediaFields {
  readonly media?: MediaDto | readonly MediaDto[] | undefined;
  readonly page?: number | undefined;
  readonly pages?: string | undefined;
}

/** Property decorator: one object, or a list of at most MAX_MEDIA_PER_REQUEST objects. */
function IsMediaOrList(): PropertyDecorator {
  return ValidateBy({
    name: 'isObject',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'object' &&
        (!Array.isArray(value) || value.length <= MAX_MEDIA_PER_REQUEST),
      defaultMessage: (failure) =>
        `${failure?.property ?? 'media'} must be an object or a list of at most ${MAX_MEDIA_PER_REQUEST} objects`,
    },
  });
}

/**
 * The sources of a request's media: the uploaded files, or the media of the body. The pages of the request apply to
 * all media without pages of their own.
 *
 * @throws INVALID_REQUEST for both at once, INVALID_BASE64, PAYLOAD_TOO_LARGE, INVALID_PARAMETER for malformed or too
 *   many pages.
 */
export function resolveMedia(
  files: readonly MediaSource[],
  { media, ...fields }: MediaFields,
): readonly MediaSource[] {
  const pages = toPageRange(fields);
  const sources = listSources(files, media).map((source) => ({ pages, ...source }));
  const count = sources.reduce(
    (sum, source) => sum + (source.pages ? countPages(source.pages) : 1),
    0,
  );
  if (count > MAX_MEDIA_PER_REQUEST) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The request has ${count} images and videos, each page counted as one. The limit is ${MAX_MEDIA_PER_REQUEST}. Send several requests.`,
      { details: { parameter: 'pages', media: count, max_media: MAX_MEDIA_PER_REQUEST } },
    );
  }
  return sources;
}

/** @throws INVALID_REQUEST for files and media at once. */
function listSources(
  files: readonly MediaSource[],
  media: MediaFields['media'],
): readonly MediaSource[] {
  if (media === undefined) return files;
  if (files.length > 0) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The request has both "file" and "media". Send only one of them.',
    );
  }
  const items: readonly MediaDto[] = Array.isArray(media) ? media : [media];
  return items.map(toSource);
}

/**
 * The source of the only image or video.
 *
 * @throws INVALID_REQUEST if there is none, INVALID_PARAMETER for several pages; the codes of `resolveMedia`.
 */
export function resolveOneMedia(
  files: readonly MediaSource[],
  fields: MediaFields & { readonly media?: MediaDto | undefined },
): MediaSource {
  const [source] = resolveMedia(files, fields);
  if (source?.pages && countPages(source.pages) > 1) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'This route takes one page. Send a request for each page with "page", or ask about several pages on /v1/answers.',
      { details: { parameter: 'pages' } },
    );
  }
  if (source) return source;
  throw new SalamandraError(
    'INVALID_REQUEST',
    'The request has no image or video. Send it as the form field "file", or as "media" with "base64" or "url".',
  );
}

function toSource({ base64, url, ...fields }: MediaDto): MediaSource {
  const range = toPageRange(fields);
  const pages = range && { pages: range };
  if (base64 !== undefined && url === undefined)
    return { kind: 'bytes', bytes: decodeEither(base64, 'media.base64'), ...pages };
  if (url !== undefined && base64 === undefined) return { kind: 'url', url, ...pages };
  throw new SalamandraError(
    'INVALID_REQUEST',
    'Each entry of "media" must have either "base64" or "url".',
  );
}
