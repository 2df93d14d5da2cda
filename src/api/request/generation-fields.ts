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

import { MAX_STOP_LENGTH, MAX_STOP_STRINGS } from '../../config/answer-limits.js';
import {
  MAX_ANSWER_TOKENS,
  MAX_FRAMES_PER_SECOND,
  MAX_SAMPLED_FRAMES,
  MAX_VIDEO_SECONDS,
} from '../../config/limits.js';
import { resolveCaptionSettings, resolveSettings } from '../../engine/resolve-settings.js';
import type { GenerationSettings, ModelDescription } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  type AnimationUse,
  DEFAULT_FRAMES,
  type FrameSampling,
  type TimeRange,
} from '../../media/frame-sampling.js';
import { type Detail, DETAILS } from '../../vision/plan-tiles.js';
import { PageField, PagesField } from './page-fields.js';

const SAMPLINGS: readonly FrameSampling['mode'][] = ['uniform', 'scene'];

/** The message of `@IsNumber` would be about its options instead of the value. */
const numberMessage = { message: '$property must be a number' };

/** Which frames of a video are sampled. With any of them, an animation is a video. Still images ignore these fields. */
export abstract class FrameSamplingDto {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_SAMPLED_FRAMES,
    default: DEFAULT_FRAMES,
    description:
      'Number of frames to sample. The context may have room for fewer; the response lists the sampled ones.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_SAMPLED_FRAMES)
  num_frames?: number;

  @ApiPropertyOptional({
    minimum: 0.001,
    maximum: MAX_FRAMES_PER_SECOND,
    description: `Frames per second to sample, instead of num_frames; at most ${MAX_SAMPLED_FRAMES} frames in total.`,
  })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0.001)
  @Max(MAX_FRAMES_PER_SECOND)
  fps?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_VIDEO_SECONDS,
    default: 0,
    description: 'Start of the sampled range, in seconds.',
  })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0)
  @Max(MAX_VIDEO_SECONDS)
  start?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_VIDEO_SECONDS,
    description: 'End of the sampled range, in seconds. Default: the end of the video.',
  })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0)
  @Max(MAX_VIDEO_SECONDS)
  end?: number;

  @ApiPropertyOptional({
    enum: SAMPLINGS,
    default: 'uniform',
    description: 'uniform: evenly spaced frames. scene: frames from the middle of each shot.',
  })
  @IsOptional()
  @IsIn(SAMPLINGS)
  sampling?: FrameSampling['mode'];
}

/** Whoever names frames or times of an animation asks for a clip. */
export function chooseAnimationUse({
  num_frames,
  fps,
  start,
  end,
  sampling,
}: FrameSamplingDto): AnimationUse {
  const isAsked = [num_frames, fps, start, end, sampling].some((field) => field !== undefined);
  return isAsked ? 'clip' : 'still';
}

/** @throws INVALID_REQUEST for both `num_frames` and `fps`, INVALID_PARAMETER unless `end` is after `start`. */
export function toFrameSampling(body: FrameSamplingDto): FrameSampling {
  const { num_frames: count, fps: perSecond, sampling: mode = 'uniform' } = body;
  if (count !== undefined && perSecond !== undefined) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The request has both "num_frames" and "fps". Send only one of them.',
    );
  }
  const range = toTimeRange(body);
  return {
    mode,
    frames: perSecond === undefined ? { count: count ?? DEFAULT_FRAMES } : { perSecond },
    ...(range && { range }),
  };
}

function toTimeRange({ start, end }: FrameSamplingDto): TimeRange | undefined {
  if (start === undefined && end === undefined) return undefined;
  const range = { startSeconds: start ?? 0, endSeconds: end ?? null };
  if (range.endSeconds !== null && range.endSeconds <= range.startSeconds) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `"end" (${range.endSeconds} s) must be greater than "start" (${range.startSeconds} s).`,
      { details: { parameter: 'end' } },
    );
  }
  return range;
}

/** The fields of every request that generates text. */
export abstract class GenerationDto extends FrameSamplingDto {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_ANSWER_TOKENS,
    description: 'Maximum number of tokens to generate per text.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_ANSWER_TOKENS)
  max_tokens?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: 2,
    description: "0: greedy decoding. Default: 0 for captions, the model's own for answers.",
  })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0)
  @Max(2)
  temperature?: number;

  @ApiPropertyOptional({
    minimum: 0.01,
    maximum: 1,
    description: 'Nucleus sampling: keeps the most likely tokens up to this total probability.',
  })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0.01)
  @Max(1)
  top_p?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: 1000,
    description: 'Keeps this number of most likely tokens; 0: all of them.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1000)
  top_k?: number;

  @ApiPropertyOptional({
    minimum: 0.1,
    maximum: 2,
    description: 'Above 1: tokens that already occurred become less likely. 1: no penalty.',
  })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0.1)
  @Max(2)
  repetition_penalty?: number;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: 4294967295,
    default: 0,
    description:
      'Seed of the sampler. The same request with the same seed has the same response on the same machine.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(0xffffffff)
  seed?: number;

  @ApiPropertyOptional({
    type: [String],
    maxItems: MAX_STOP_STRINGS,
    description: `Strings that end a text, of at most ${MAX_STOP_LENGTH} characters each.`,
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? [value] : value))
  @IsArray()
  @ArrayMaxSize(MAX_STOP_STRINGS)
  @IsString({ each: true })
  @Length(1, MAX_STOP_LENGTH, { each: true })
  stop?: string[];

  @ApiPropertyOptional({
    default: false,
    description: 'true: respond with server-sent events, like "Accept: text/event-stream".',
  })
  @IsOptional()
  @IsBoolean()
  stream?: boolean;

  @ApiPropertyOptional({
    default: false,
    description:
      'true: each text carries a receipt, with which POST /v1/receipts/replay writes it again.',
  })
  @IsOptional()
  @IsBoolean()
  receipts?: boolean;
}

/** Further fields of the requests that take images. */
export abstract class ImageGenerationDto extends GenerationDto {
  @ApiPropertyOptional({
    enum: DETAILS,
    default: 'auto',
    description:
      'Tiles of an image. low: the base tile. auto: the base tile and up to four more. high: as many as the model supports. Several images have one tile each, except in LLaVA-NeXT models.',
  })
  @IsOptional()
  @IsIn(DETAILS)
  detail?: Detail;

  @PageField()
  page?: number;

  @PagesField()
  pages?: string;
}

/** The settings of a body, completed by the defaults of the model for these texts. */
export function toSettings(
  body: GenerationDto & { readonly top_logprobs?: number },
  model: ModelDescription,
  texts: 'captions' | 'answers',
): GenerationSettings {
  const requested = {
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    repetitionPenalty: body.repetition_penalty,
    seed: body.seed,
    maxTokens: body.max_tokens,
    stop: body.stop,
    topLogprobs: body.top_logprobs,
  };
  return texts === 'captions'
    ? resolveCaptionSettings(requested, model.generation)
    : resolveSettings(requested, model.generation);
}
