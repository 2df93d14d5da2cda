import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
} from 'class-validator';

import { resolveLanguages } from '../../engine/conversations.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  CAPTION_KINDS,
  defaultLanguage,
  type Language,
  LANGUAGES,
  resolveLanguage,
} from '../../language/languages.js';

/** Property decorator of `languages`. @param more a further sentence of the description. */
export function LanguagesField(more = ''): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: [String],
      default: ['en'],
      example: ['ca', 'es'],
      description: `Languages of the texts, as codes of GET /v1/languages or BCP 47 tags; the "languages" in GET /v1/models are those of the loaded model. In a form: comma-separated, or the field repeated.${more}`,
    }),
    IsOptional(),
    Transform(splitList),
    IsArray(),
    ArrayNotEmpty(),
    ArrayMaxSize(LANGUAGES.length),
    IsString({ each: true }),
  );
}

/** Property decorator of `kind`, a list. */
export function KindsField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      enum: CAPTION_KINDS,
      isArray: true,
      default: ['caption'],
      description:
        'Kinds of text, each generated in each language. In a form: comma-separated, or the field repeated.',
    }),
    IsOptional(),
    Transform(splitList),
    IsArray(),
    ArrayNotEmpty(),
    ArrayUnique(),
    IsIn(CAPTION_KINDS, { each: true }),
  );
}

/** Splits comma-separated strings. Values of other types pass unchanged and fail the validation. */
function splitList({ value }: { readonly value: unknown }): unknown {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  if (value === undefined || !parts.every((part) => typeof part === 'string')) return value;
  return parts.flatMap((part) => part.split(',')).map((item) => item.trim());
}

/** The languages of the field `languages`; see `defaultLanguage`. @throws INVALID_PARAMETER */
export function requestedLanguages(
  tags: readonly string[] | undefined,
  { languages: offered }: ModelDescription,
): Language[] {
  const requested = tags ?? [defaultLanguage(offered)];
  return withParameter('languages', () => resolveLanguages(requested, offered));
}

/** The language of the field `language`; see `defaultLanguage`. @throws INVALID_PARAMETER */
export function requestedLanguage(
  tag: string | undefined,
  { languages: offered }: ModelDescription,
): Language {
  return withParameter('language', () => resolveLanguage(tag ?? defaultLanguage(offered), offered));
}

/** Adds the name of the field to the details of an error. */
function withParameter<T>(parameter: string, resolve: () => T): T {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    const { code, publicMessage, details } = error;
    throw new SalamandraError(code, publicMessage, { details: { ...details, parameter } });
  }
}
