import { ApiExtraModels, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsNumber, IsOptional, Max, Min, ValidateNested } from 'class-validator';

import { MAX_IMAGE_SIDE, MAX_MEDIA_PER_REQUEST, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import type { CaptionKind } from '../../language/languages.js';
import { PictureGenerationDto } from '../request/generation.dto.js';
import { KindsField } from '../request/kinds-field.js';
import { LanguagesField } from '../request/languages-field.js';
import { IsMediaOrList, MediaDto } from '../media/media.dto.js';

/** A picture or clip as it is sent elsewhere, or its size instead of it. */
export class EstimateMediaDto extends MediaDto {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_IMAGE_SIDE,
    description: 'Pixels of an upright picture, instead of the picture.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_IMAGE_SIDE)
  width?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: MAX_IMAGE_SIDE })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_IMAGE_SIDE)
  height?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_VIDEO_SECONDS,
    description: 'The length of a clip, instead of the clip.',
  })
  @IsOptional()
  @IsNumber({}, { message: '$property must be a number' })
  @Min(0)
  @Max(MAX_VIDEO_SECONDS)
  duration_seconds?: number;
}

/** Every field of a captions request, with sizes for media that need not be sent. */
@ApiExtraModels(EstimateMediaDto)
export class EstimateRequestDto extends PictureGenerationDto {
  @ApiPropertyOptional({
    oneOf: [
      { $ref: getSchemaPath(EstimateMediaDto) },
      {
        type: 'array',
        maxItems: MAX_MEDIA_PER_REQUEST,
        items: { $ref: getSchemaPath(EstimateMediaDto) },
      },
    ],
    description: 'Pictures and clips, or their sizes, in a JSON body.',
  })
  @IsOptional()
  @IsMediaOrList()
  @ValidateNested()
  @Type(() => EstimateMediaDto)
  media?: EstimateMediaDto | EstimateMediaDto[];

  @LanguagesField()
  languages?: string[];

  @KindsField()
  kind?: CaptionKind[];
}
