import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsOptional,
  IsString,
  ArrayUnique,
  IsIn,
} from 'class-validator';
import {
  LANGUAGES,
  CAPTION_KINDS,
  type Language,
  resolveLanguage,
} from '../../language/languages.js';
import { resolveLanguages } from '../../engine/conversations.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

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

/** A list in any shape a form has it, `ca,es` or the field repeated. What holds no text stays as it is. */
export function splitList({ value }: { readonly value: unknown }): unknown {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  if (value === undefined || !parts.every((part) => typeof part === 'string')) return value;
  return parts.flatMap((part) => part.split(',')).map((item) => item.trim());
}

/** The languages of a body's `languages`, English without. @throws INVALID_PARAMETER naming the field. */
export function requestedLanguages(tags: readonly string[] = ['en']): Language[] {
  return naming('languages', () => resolveLanguages(tags));
}

/** The language of a body's `language`, English without. @throws INVALID_PARAMETER naming the field. */
export function requestedLanguage(tag = 'en'): Language {
  return naming('language', () => resolveLanguage(tag));
}

function naming<T>(parameter: string, resolve: () => T): T {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    const { code, publicMessage, details } = error;
    throw new SalamandraError(code, publicMessage, { details: { ...details, parameter } });
  }
}
