import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  Max,
  Min,
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsString,
  Length,
} from 'class-validator';
import {
  MAX_FRAMES_PER_SECOND,
  MAX_SAMPLED_FRAMES,
  MAX_VIDEO_SECONDS,
  MAX_ANSWER_TOKENS,
  MAX_STOP_LENGTH,
  MAX_STOP_STRINGS,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { DEFAULT_FRAMES, type FrameSampling, type TimeRange } from '../../media/frame-sampling.js';
import { Transform } from 'class-transformer';
import type { Detail } from '../../vision/plan-tiles.js';
import { resolveSettings } from '../../engine/resolve-settings.js';
import type {
  GenerationSettings,
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';

const SAMPLINGS: readonly FrameSampling['mode'][] = ['uniform', 'scene'];

const numberMessage = { message: '$property must be a number' };

/** Which frames of a clip are looked at. Pictures take no notice of these fields. */
export abstract class ClipOptionsDto {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_SAMPLED_FRAMES,
    default: DEFAULT_FRAMES,
    description: 'Frames to look at; the context may leave room for fewer, and the reply says so.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_SAMPLED_FRAMES)
  num_frames?: number;

  @ApiPropertyOptional({
    minimum: 0.001,
    maximum: MAX_FRAMES_PER_SECOND,
    description: `Frames a second instead of num_frames; ${MAX_SAMPLED_FRAMES} in all at most.`,
  })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0.001)
  @Max(MAX_FRAMES_PER_SECOND)
  fps?: number;

  @ApiPropertyOptional({ minimum: 0, default: 0, description: 'Where to begin, in seconds.' })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0)
  @Max(MAX_VIDEO_SECONDS)
  start?: number;

  @ApiPropertyOptional({ description: 'Where to end, in seconds; without it the end of the clip.' })
  @IsOptional()
  @IsNumber({}, numberMessage)
  @Min(0)
  @Max(MAX_VIDEO_SECONDS)
  end?: number;

  @ApiPropertyOptional({
    enum: SAMPLINGS,
    default: 'uniform',
    description: 'uniform: evenly. scene: from the middle of each shot.',
  })
  @IsOptional()
  @IsIn(SAMPLINGS)
  sampling?: FrameSampling['mode'];
}

/** The frames a body asks for. @throws INVALID_REQUEST, INVALID_PARAMETER for fields that contradict each other. */
export function toFrameSampling(body: ClipOptionsDto): FrameSampling {
  const { num_frames: count, fps: perSecond, sampling: mode = 'uniform' } = body;
  if (count !== undefined && perSecond !== undefined) {
    throw new SalamandraError('INVALID_REQUEST', 'Send either "num_frames" or "fps".');
  }
  const range = toTimeRange(body);
  return {
    mode,
    frames: perSecond === undefined ? { count: count ?? DEFAULT_FRAMES } : { perSecond },
    ...(range && { range }),
  };
}

function toTimeRange({ start, end }: ClipOptionsDto): TimeRange | undefined {
  if (start === undefined && end === undefined) return undefined;
  const range = { startSeconds: start ?? 0, endSeconds: end ?? null };
  if (range.endSeconds !== null && range.endSeconds <= range.startSeconds) {
    throw new SalamandraError('INVALID_PARAMETER', '"end" must come after "start".', {
      details: { parameter: 'end' },
    });
  }
  return range;
}

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

/** The model that will answer. @throws MODEL_NOT_READY when it was lost since the request was admitted. */
export function readyModel(engine: VisionLanguageEngine): ModelDescription {
  const status = engine.status();
  if (status.state === 'ready') return status.model;
  throw new SalamandraError('MODEL_NOT_READY', 'The model is still loading.');
}

/** The settings a body asks for, completed by the model's defaults. */
export function toSettings(
  body: GenerationDto & { readonly top_logprobs?: number },
  model: ModelDescription,
): GenerationSettings {
  const asked = {
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    repetitionPenalty: body.repetition_penalty,
    seed: body.seed,
    maxTokens: body.max_tokens,
    stop: body.stop,
    topLogprobs: body.top_logprobs,
  };
  return resolveSettings(asked, model.generation);
}
