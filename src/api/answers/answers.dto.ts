import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsNotEmpty,
  IsOptional,
  IsString,
  Length,
  ValidateNested,
} from 'class-validator';

import { MAX_PROMPT_BYTES, MAX_QUESTIONS } from '../../config/limits.js';
import { GenerationDto } from '../http/generation.dto.js';
import { MaxUtf8Bytes } from '../http/max-utf8-bytes.js';

class QuestionDto {
  @ApiProperty({ description: 'Comes back with the answer.' })
  @IsString()
  @Length(1, 64)
  id!: string;

  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @MaxUtf8Bytes(MAX_PROMPT_BYTES)
  text!: string;
}

export class AnswersRequestDto extends GenerationDto {
  @ApiPropertyOptional({ description: 'One question; its id in the reply is "1".' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxUtf8Bytes(MAX_PROMPT_BYTES)
  question?: string;

  @ApiPropertyOptional({ type: [QuestionDto], description: 'Several; in a form as JSON text.' })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_QUESTIONS)
  @ValidateNested({ each: true })
  @Type(() => QuestionDto)
  questions?: QuestionDto[];

  @ApiPropertyOptional({ default: 'en', description: 'The language of the answers.' })
  @IsOptional()
  @IsString()
  language?: string;
}
