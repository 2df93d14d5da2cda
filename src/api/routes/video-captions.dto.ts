import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

import { MAX_SEGMENTS, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import { GenerationDto } from '../request/generation.dto.js';
import { LanguagesField } from '../request/languages-field.js';
import { MediaDto } from '../media/media.dto.js';
import type { Granularity } from '../../video-captions/plan-segments.js';

export const GRANULARITIES: readonly Granularity['kind'][] = ['whole', 'shot', 'interval'];

const DEFAULT_INTERVAL_SECONDS = 10;
const DEFAULT_MAX_SHOTS = 100;

export class VideoCaptionsRequestDto extends GenerationDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The clip, in a JSON body.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto;

  @ApiPropertyOptional({
    enum: GRANULARITIES,
    default: 'whole',
    description:
      'What a segment is: all of it, each shot, or each interval. The frames that are asked for are those of each segment.',
  })
  @IsOptional()
  @IsIn(GRANULARITIES)
  granularity?: Granularity['kind'];

  @ApiPropertyOptional({ minimum: 1, default: DEFAULT_INTERVAL_SECONDS })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(1)
  @Max(MAX_VIDEO_SECONDS)
  interval_seconds?: number;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_SEGMENTS,
    default: DEFAULT_MAX_SHOTS,
    description: 'The clearest cuts are kept where there are more.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_SEGMENTS)
  max_shots?: number;

  @LanguagesField(' A track has the first.')
  languages?: string[];

  @ApiPropertyOptional({
    description: 'The language of a track instead of the first of "languages".',
  })
  @IsOptional()
  @IsString()
  language?: string;
}

/** How a body wants the video cut. */
export function toGranularity(body: VideoCaptionsRequestDto): Granularity {
  const { granularity: kind = 'whole' } = body;
  switch (kind) {
    case 'whole':
      return { kind };
    case 'shot':
      return { kind, maxShots: body.max_shots ?? DEFAULT_MAX_SHOTS };
    case 'interval':
      return { kind, seconds: body.interval_seconds ?? DEFAULT_INTERVAL_SECONDS };
  }
}
