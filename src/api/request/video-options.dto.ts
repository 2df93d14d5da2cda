import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';

import {
  MAX_FRAMES_PER_SECOND,
  MAX_SAMPLED_FRAMES,
  MAX_VIDEO_SECONDS,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { DEFAULT_FRAMES, type FrameSampling, type TimeRange } from '../../media/frame-sampling.js';

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
