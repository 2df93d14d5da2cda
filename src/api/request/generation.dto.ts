import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';

import { MAX_ANSWER_TOKENS, MAX_STOP_LENGTH, MAX_STOP_STRINGS } from '../../config/limits.js';
import type { Detail } from '../../vision/plan-tiles.js';
import { ClipOptionsDto } from './video-options.dto.js';

const DETAILS: readonly Detail[] = ['low', 'auto', 'high'];

/** The fields that every request for texts about media has. */
export abstract class GenerationDto extends ClipOptionsDto {
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_ANSWER_TOKENS, description: 'For each answer.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_ANSWER_TOKENS)
  max_tokens?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: 2, description: '0: always the likeliest token.' })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(2)
  temperature?: number;

  @ApiPropertyOptional({ minimum: 0.01, maximum: 1 })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0.01)
  @Max(1)
  top_p?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: 1000, description: '0: no limit.' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1000)
  top_k?: number;

  @ApiPropertyOptional({ minimum: 0.1, maximum: 2 })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0.1)
  @Max(2)
  repetition_penalty?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: 4294967295 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(0xffffffff)
  seed?: number;

  @ApiPropertyOptional({ type: [String], description: 'Texts that end an answer.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? [value] : value))
  @IsArray()
  @ArrayMaxSize(MAX_STOP_STRINGS)
  @IsString({ each: true })
  @Length(1, MAX_STOP_LENGTH, { each: true })
  stop?: string[];

  @ApiPropertyOptional({
    default: false,
    description: 'true: the reply comes as server-sent events, as with Accept: text/event-stream.',
  })
  @IsOptional()
  @IsBoolean()
  stream?: boolean;
}

/** Those and how closely to look at a picture. */
export abstract class PictureGenerationDto extends GenerationDto {
  @ApiPropertyOptional({
    enum: DETAILS,
    default: 'auto',
    description: 'Of one picture. low: one tile. auto: up to four more. high: all the model has.',
  })
  @IsOptional()
  @IsIn(DETAILS)
  detail?: Detail;
}
