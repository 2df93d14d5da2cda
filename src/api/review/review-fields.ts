import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

import { FLAG_NAMES } from '../../jobs/flags.js';
import { CAPTION_KINDS, LANGUAGE_CODES } from '../../language/languages.js';
import { MAX_AUTHOR, MAX_TEXT, type TextDecision } from '../../review/decide.js';
import type { ItemFilter, ItemOrder } from '../../review/list-reviewed.js';
import { type Detail, DETAILS } from '../../vision/plan-tiles.js';
import { QueryFlag } from '../request/query-flag.js';

const STATES = ['queued', 'active', 'done', 'failed'] as const;
const REVIEWS = ['unreviewed', 'partly', 'reviewed', 'edited', 'rejected'] as const;
const ORDERS: readonly ItemOrder[] = ['risk', 'position'];
const DECISIONS: readonly TextDecision['decision'][] = ['accept', 'edit', 'reject', 'reopen'];
const MAX_SEARCH = 500;
const MAX_DECISIONS = 1_000;
const MAX_HINT = 500;
const DEFAULT_PAGE = 50;
const MAX_PAGE = 500;

/** The filter of a review, in a query or a body. */
export class FilterFields {
  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  state?: (typeof STATES)[number];

  @ApiPropertyOptional({
    enum: REVIEWS,
    description: '"edited" and "rejected": at least one text of the item is.',
  })
  @IsOptional()
  @IsIn(REVIEWS)
  review?: (typeof REVIEWS)[number];

  @ApiPropertyOptional({ enum: FLAG_NAMES, description: 'A reason to look at the item.' })
  @IsOptional()
  @IsIn(FLAG_NAMES)
  flag?: string;

  @ApiPropertyOptional({
    description:
      'Words in the texts, the identifier and the record, without regard to case and diacritics. Each must occur, or begin a word.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_SEARCH)
  q?: string;

  @QueryFlag('A person wrote a text, or the record has one.')
  person?: boolean;

  @QueryFlag('The file changed since it was captioned. The service looks at every file.')
  changed?: boolean;
}

/** The filter without a page: what `previous` and `next` of an item refer to. */
export class ItemQuery extends FilterFields {
  @ApiPropertyOptional({ enum: ORDERS, default: 'risk' })
  @IsOptional()
  @IsIn(ORDERS)
  order?: ItemOrder;

  @ApiPropertyOptional({ enum: LANGUAGE_CODES, description: 'Of "text". Default: the first one.' })
  @IsOptional()
  @IsIn(LANGUAGE_CODES)
  language?: string;
}

export class ReviewQuery extends ItemQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  limit: number = DEFAULT_PAGE;

  @ApiPropertyOptional({ description: 'The "next_cursor" of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  cursor?: string;
}

/** Property decorator: the name of the person who decides. */
export function AuthorField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ maxLength: MAX_AUTHOR, description: 'Name of the person who decides.' }),
    IsDefined({ message: '"author" is missing: the name of the person who decides.' }),
    IsString(),
    Length(1, MAX_AUTHOR),
  );
}

const ORIGINS = ['page', 'api'] as const;

export type ReviewerJson = Pick<ReviewerFields, 'author' | 'origin'>;

/** Who decides, and through what. */
class ReviewerFields {
  @AuthorField()
  author!: string;

  @ApiPropertyOptional({
    enum: ORIGINS,
    default: 'api',
    description: 'Stored with each decision. "page": a person decided in the page of the service.',
  })
  @IsOptional()
  @IsIn(ORIGINS)
  origin?: (typeof ORIGINS)[number];
}

class DecisionDto {
  @ApiProperty({ description: 'Of the text within the item.' })
  @IsInt()
  number!: number;

  @ApiProperty({ enum: DECISIONS })
  @IsIn(DECISIONS)
  decision!: TextDecision['decision'];

  @ApiPropertyOptional({
    description:
      'Of "edit": the new text. Of "accept": the text that the person saw; if it is neither the current text nor the newest draft, the answer is REVIEW_CONFLICT.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  text?: string;

  @ApiPropertyOptional({
    minimum: 0,
    description:
      'The "revisions" of the text that the person saw. If there are others since, the answer is REVIEW_CONFLICT.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  revision?: number;
}

export class DecisionsDto extends ReviewerFields {
  @ApiProperty({ type: [DecisionDto], description: 'All are stored, or none.' })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_DECISIONS)
  @ValidateNested({ each: true })
  @Type(() => DecisionDto)
  decisions!: DecisionDto[];
}

const BULK_DECISIONS = ['accept', 'reject'] as const;

export class BulkDto extends ReviewerFields {
  @ApiProperty({ enum: BULK_DECISIONS })
  @IsIn(BULK_DECISIONS)
  decision!: (typeof BULK_DECISIONS)[number];

  @ApiPropertyOptional({ type: FilterFields, description: 'Default: all items.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => FilterFields)
  filter?: FilterFields;

  @ApiPropertyOptional({ enum: LANGUAGE_CODES, description: 'Texts in this language only.' })
  @IsOptional()
  @IsIn(LANGUAGE_CODES)
  language?: string;

  @ApiPropertyOptional({ enum: CAPTION_KINDS, description: 'Texts of this kind only.' })
  @IsOptional()
  @IsIn(CAPTION_KINDS)
  kind?: string;

  @ApiPropertyOptional({ description: 'Only counts the texts.' })
  @IsOptional()
  @IsBoolean()
  dry_run?: boolean;
}

export class UndoDto extends ReviewerFields {}

export class RegenerateDto {
  @ApiPropertyOptional({ enum: DETAILS, description: 'Tiles of the image.' })
  @IsOptional()
  @IsIn(DETAILS)
  detail?: Detail;

  @ApiPropertyOptional({
    description: 'What the model is told about the picture, in the language of the answer.',
  })
  @IsOptional()
  @IsString()
  @Length(1, MAX_HINT)
  hint?: string;
}

export function toFilter({ state, review, flag, q, person, changed }: FilterFields): ItemFilter {
  return {
    ...{ review, flag, changed },
    state: state === 'failed' ? 'dead' : state,
    search: q,
    hasPersonText: person,
  };
}
