import { ApiProperty } from '@nestjs/swagger';

import type { VideoMetadata } from '../../workers/media-inspector.js';
import type { Plain } from '../response/media-response.js';
import { TimingsDto, UsageDto } from '../response/outcome-response.js';
import type { CaptionedSegment } from '../../video-captions/caption-video.js';
import type { Granularity } from '../../video-captions/plan-segments.js';
import { GRANULARITIES } from './video-captions.dto.js';

class VideoDto {
  @ApiProperty({ enum: ['video'] }) kind!: 'video';
  @ApiProperty({ description: 'Pixels of the upright frames.' }) width!: number;
  @ApiProperty() height!: number;
  @ApiProperty({ type: Number, nullable: true, description: 'null where the file does not say.' })
  duration_seconds!: number | null;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'null where it varies or is not said.',
  })
  frame_rate!: number | null;
}

export class SegmentDto {
  @ApiProperty({ description: 'Seconds from the beginning of the clip.' }) start!: number;
  @ApiProperty() end!: number;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { ca: 'Un gos entra per l’esquerra.' },
    description: 'By language.',
  })
  texts!: Record<string, string>;
  @ApiProperty({ type: [Number], description: 'When the frames are that were looked at.' })
  frames!: number[];
}

export class VideoCaptionsReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty({ type: VideoDto }) media!: VideoDto;
  @ApiProperty({ enum: GRANULARITIES }) granularity!: Granularity['kind'];
  @ApiProperty({ type: [SegmentDto] }) segments!: SegmentDto[];
  @ApiProperty({ type: UsageDto }) usage!: UsageDto;
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export function toVideoResponse(outline: VideoMetadata): Plain<VideoDto> {
  const { width, height, durationSeconds, frameRate } = outline;
  return {
    kind: 'video',
    width,
    height,
    duration_seconds: durationSeconds,
    frame_rate: frameRate,
  };
}

export function presentSegment(segment: CaptionedSegment): Plain<SegmentDto> {
  return {
    start: toMilliseconds(segment.startSeconds),
    end: toMilliseconds(segment.endSeconds),
    texts: Object.fromEntries(segment.texts.map(({ language, text }) => [language.code, text])),
    frames: segment.frames.map(toMilliseconds),
  };
}

/** Seconds, to the millisecond. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
