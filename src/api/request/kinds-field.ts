import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayNotEmpty, ArrayUnique, IsArray, IsIn, IsOptional } from 'class-validator';

import { CAPTION_KINDS } from '../../language/languages.js';
import { splitList } from './split-list.js';

/** Property decorator: what is written about a picture or clip, a list. */
export function KindsField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      enum: CAPTION_KINDS,
      isArray: true,
      default: ['caption'],
      description: 'One or several; each is written in each language.',
    }),
    IsOptional(),
    Transform(splitList),
    IsArray(),
    ArrayNotEmpty(),
    ArrayUnique(),
    IsIn(CAPTION_KINDS, { each: true }),
  );
}
