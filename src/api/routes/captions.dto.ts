import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, IsOptional, ValidateNested } from 'class-validator';

import type { CaptionKind } from '../../language/languages.js';
import { PictureGenerationDto } from '../request/generation.dto.js';
import { KindsField } from '../request/kinds-field.js';
import { LanguagesField } from '../request/languages-field.js';
import { MediaDto } from '../media/media.dto.js';

export class CaptionsRequestDto extends PictureGenerationDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The picture or clip, in a JSON body.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto;

  @LanguagesField()
  languages?: string[];

  @KindsField()
  kind?: CaptionKind[];
}
