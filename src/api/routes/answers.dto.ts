import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

import {
  MAX_HISTORY_TURNS,
  MAX_MEDIA_PER_REQUEST,
  MAX_PROMPT_BYTES,
  MAX_QUESTIONS,
  MAX_TOP_LOGPROBS,
} from '../../config/limits.js';
import type { EarlierTurn } from '../../engine/conversations.js';
import { PictureGenerationDto } from '../request/generation.dto.js';
import { MaxUtf8Bytes } from '../request/max-utf8-bytes.js';
import { IsMediaOrList, MediaDto } from '../media/media.dto.js';

const ROLES: readonly EarlierTurn['role'][] = ['user', 'assistant'];

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

class TurnDto implements EarlierTurn {
  @ApiProperty({ enum: ROLES })
  @IsIn(ROLES)
  role!: EarlierTurn['role'];

  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @MaxUtf8Bytes(MAX_PROMPT_BYTES)
  text!: string;
}

@ApiExtraModels(MediaDto)
export class AnswersRequestDto extends PictureGenerationDto {
  @ApiPropertyOptional({
    oneOf: [
      { $ref: getSchemaPath(MediaDto) },
      { type: 'array', maxItems: MAX_MEDIA_PER_REQUEST, items: { $ref: getSchemaPath(MediaDto) } },
    ],
    description: 'Pictures and clips, in a JSON body; none for a question about text alone.',
  })
  @IsOptional()
  @IsMediaOrList()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto | MediaDto[];

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

  @ApiPropertyOptional({
    type: [TurnDto],
    description:
      'What was said before, oldest first, a user and the assistant in turn; the media were shown at its beginning. ' +
      'In a form as JSON text.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_HISTORY_TURNS)
  @ValidateNested({ each: true })
  @Type(() => TurnDto)
  history?: TurnDto[];

  @ApiPropertyOptional({ default: 'en', description: 'The language of the answers.' })
  @IsOptional()
  @IsString()
  language?: string;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_TOP_LOGPROBS,
    description:
      "With it every answer has its tokens with their probabilities, and so many of each step's likeliest.",
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_TOP_LOGPROBS)
  top_logprobs?: number;
}
