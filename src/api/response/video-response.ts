import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';

import type { Receipt } from '../../engine/receipts/receipt.js';
import { roundToMilliseconds } from '../../media/frame-sampling.js';
import type { CaptionedSegment, MissingSegment } from '../../video-captions/caption-video.js';
import type { VideoMetadata } from '../../workers/media-inspector.js';
import {
  type LanguageCheckJson,
  languageCheckJson,
} from '../../language/check/language-check-json.js';
import { LanguageCheckDto } from './language-check-response.js';
import type { Plain } from './media-response.js';

export class VideoDto {
  @ApiProperty({ enum: ['video'] }) kind!: 'video';
  @ApiProperty({ description: 'Width of a frame in pixels, after rotation.' }) width!: number;
  @ApiProperty({ description: 'Height of a frame in pixels, after rotation.' }) height!: number;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Length in seconds; null if the file does not state it.',
  })
  duration_seconds!: number | null;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Frames per second; null if it varies or the file does not state it.',
  })
  frame_rate!: number | null;
  @ApiProperty({ description: 'Restarts of the clock in the file, as in joined files.' })
  clock_restarts!: number;
  @ApiProperty({
    type: String,
    nullable: true,
    example: '10:00:00:00',
    description: 'Timecode of the first frame; null if the file has none.',
  })
  timecode!: string | null;
}

class TimecodesDto {
  @ApiProperty({ example: '10:00:02:12' }) start!: string;
  @ApiProperty({ example: '10:00:05:00' }) end!: string;
}

export class MissingSegmentDto {
  @ApiProperty({ description: 'Seconds from the start of the video.' }) start!: number;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Seconds from the start of the video; null for its end.',
  })
  end!: number | null;
  @ApiProperty({ example: 'NO_DECODABLE_FRAME', description: 'Code of the error.' }) code!: string;
  @ApiProperty({ description: 'Explanation for people. The wording may change.' }) detail!: string;
  @ApiProperty({ description: 'true: a request for this range may succeed later.' })
  retryable!: boolean;
}

@ApiExtraModels(LanguageCheckDto)
export class SegmentDto {
  @ApiProperty({ description: 'Seconds from the start of the video.' }) start!: number;
  @ApiProperty({ description: 'Seconds from the start of the video.' }) end!: number;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { ca: 'Un gos entra per l’esquerra.' },
    description: 'Captions by language code.',
  })
  texts!: Record<string, string>;
  @ApiProperty({ type: [Number], description: 'Timestamps of the sampled frames, in seconds.' })
  frames!: number[];
  @ApiProperty({
    type: TimecodesDto,
    nullable: true,
    description: 'Timecodes of start and end; null if the file has none.',
  })
  timecodes!: TimecodesDto | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(LanguageCheckDto) },
    description: 'Whether each caption is in its language, by language code.',
  })
  language_checks!: Record<string, LanguageCheckJson | null>;
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'object' },
    description: 'Receipts by language code, only with "receipts": true.',
  })
  receipts?: Record<string, Receipt>;
}

export function toVideoResponse(metadata: VideoMetadata): Plain<VideoDto> {
  const { width, height, durationSeconds, frameRate, clockRestarts, timecode } = metadata;
  return {
    ...{ kind: 'video', width, height, clock_restarts: clockRestarts, timecode },
    duration_seconds: durationSeconds === null ? null : roundToMilliseconds(durationSeconds),
    frame_rate: frameRate === null ? null : roundToMilliseconds(frameRate),
  };
}

export function toMissingResponse({ range, error }: MissingSegment): Plain<MissingSegmentDto> {
  const { startSeconds, endSeconds } = range;
  const { code, publicMessage: detail, retryable } = error;
  return {
    start: roundToMilliseconds(startSeconds),
    end: endSeconds === null ? null : roundToMilliseconds(endSeconds),
    ...{ code, detail, retryable },
  };
}

export function toSegmentResponse(segment: CaptionedSegment): Plain<SegmentDto> {
  return {
    start: roundToMilliseconds(segment.startSeconds),
    end: roundToMilliseconds(segment.endSeconds),
    texts: Object.fromEntries(segment.texts.map(({ language, text }) => [language.code, text])),
    frames: segment.frames.map(roundToMilliseconds),
    timecodes: segment.timecodes,
    language_checks: Object.fromEntries(
      segment.texts.map(({ language, text }) => [
        language.code,
        languageCheckJson(text, language.code),
      ]),
    ),
    ...receiptsOf(segment),
  };
}

function receiptsOf({ texts }: CaptionedSegment): Pick<Plain<SegmentDto>, 'receipts'> {
  const receipts = texts.flatMap(({ language, receipt }) =>
    receipt ? [[language.code, receipt] as const] : [],
  );
  return receipts.length === 0 ? {} : { receipts: Object.fromEntries(receipts) };
}
