import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsObject,
  IsOptional,
  ValidateNested,
} from 'class-validator';

import { CAPTION_KINDS, type CaptionKind } from '../../language/languages.js';
import { PictureGenerationDto } from '../http/generation.dto.js';
import { LanguagesField } from '../http/languages-field.js';
import { MediaDto } from '../http/media.dto.js';
import { splitList } from '../http/split-list.js';

export class CaptionsRequestDto extends PictureGenerationDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The picture or clip, in a JSON body.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto;

  @LanguagesField()
  languages?: string[];

  @ApiPropertyOptional({
    enum: CAPTION_KINDS,
    isArray: true,
    default: ['caption'],
    description: 'One or several; each is written in each language.',
  })
  @IsOptional()
  @Transform(splitList)
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(CAPTION_KINDS, { each: true })
  kind?: CaptionKind[];
}
