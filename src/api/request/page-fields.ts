import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

import { MAX_DOCUMENT_PAGES, MAX_MEDIA_PER_REQUEST } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { type PageRange, parsePageRange } from '../../media/page-range.js';

/** Property decorator: the number of a page. */
export function PageField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: Number,
      minimum: 1,
      maximum: MAX_DOCUMENT_PAGES,
      description:
        'Page of a PDF or TIFF file, counted from 1. Default: page 1 of a PDF or of a TIFF document, else the largest picture.',
    }),
    IsOptional(),
    IsInt(),
    Min(1),
    Max(MAX_DOCUMENT_PAGES),
  );
}

/** Property decorator: a range of pages. */
export function PagesField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: String,
      example: '2-4',
      description: `Pages of a PDF or TIFF file, instead of "page": each is an image of its own. At most ${MAX_MEDIA_PER_REQUEST} images and videos per request.`,
    }),
    IsOptional(),
    IsString(),
  );
}

interface PageFields {
  readonly page?: number | undefined;
  readonly pages?: string | undefined;
}

/** Undefined without either field. @throws INVALID_REQUEST for both, INVALID_PARAMETER for a malformed range. */
export function toPageRange({ page, pages }: PageFields): PageRange | undefined {
  if (page !== undefined && pages !== undefined) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The request has both "page" and "pages". Send only one of them.',
    );
  }
  if (page !== undefined) return { first: page, last: page };
  if (pages === undefined) return undefined;
  const range = parsePageRange(pages);
  if (range) return range;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `"pages" must be a page or a range such as "2-4", up to page ${MAX_DOCUMENT_PAGES}.`,
    { details: { parameter: 'pages' } },
  );
}
