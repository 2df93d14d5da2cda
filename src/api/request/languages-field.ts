import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsOptional, IsString } from 'class-validator';

import { LANGUAGES } from '../../language/languages.js';
import { splitList } from './split-list.js';

/** Property decorator: the languages of the texts, a list of codes or tags. `more` goes on with the description. */
export function LanguagesField(more = ''): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: [String],
      default: ['en'],
      example: ['ca', 'es'],
      description: `Codes or BCP-47 tags; in a form repeated or with commas.${more}`,
    }),
    IsOptional(),
    Transform(splitList),
    IsArray(),
    ArrayNotEmpty(),
    ArrayMaxSize(LANGUAGES.length),
    IsString({ each: true }),
  );
}
