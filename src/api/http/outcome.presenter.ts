import { ApiProperty } from '@nestjs/swagger';

import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { Answer, RequestTimings } from '../../engine/vision-language-engine.js';
import type { Detail } from '../../vision/plan-tiles.js';

/** A documented class as the plain object that is sent. */
export type Plain<T> = { [K in keyof T]: T[K] extends object | null ? Plain<T[K]> : T[K] };

class GridDto {
  @ApiProperty() rows!: number;
  @ApiProperty() columns!: number;
}

export class MediaReportDto {
  @ApiProperty({ description: 'SHA-256 of the file, in hex.' }) sha256!: string;
  @ApiProperty({ description: 'Pixels of the upright picture.' }) width!: number;
  @ApiProperty() height!: number;
  @ApiProperty({ description: 'Tiles that were encoded, the whole picture as one of them.' })
  tiles!: number;
  @ApiProperty({ type: GridDto, nullable: true, description: 'null: the whole picture alone.' })
  grid!: GridDto | null;
  @ApiProperty({ enum: ['low', 'auto', 'high'] }) detail!: Detail;
  @ApiProperty() visual_tokens!: number;
}

class UsageDto {
  @ApiProperty({ description: 'Text and picture.' }) prompt_tokens!: number;
  @ApiProperty({ description: 'The part of the picture.' }) image_tokens!: number;
  @ApiProperty() completion_tokens!: number;
}

class AnswerTimingsDto {
  @ApiProperty() prefill_ms!: number;
  @ApiProperty() first_token_ms!: number;
  @ApiProperty() generate_ms!: number;
}

/** What captions and answers have in common. */
export class TextReplyDto {
  @ApiProperty() text!: string;
  @ApiProperty({ enum: ['stop', 'length', 'repetition', 'cancelled'] }) finish_reason!: string;
  @ApiProperty({ type: UsageDto }) usage!: UsageDto;
  @ApiProperty({ type: AnswerTimingsDto }) timings!: AnswerTimingsDto;
}

export class TimingsDto {
  @ApiProperty({ description: 'Decoding the file.' }) decode_ms!: number;
  @ApiProperty({ description: 'Cutting it into tiles.' }) tile_ms!: number;
  @ApiProperty({ description: 'The vision encoder.' }) encode_ms!: number;
  @ApiProperty({ description: 'Reading the prompts.' }) prefill_ms!: number;
  @ApiProperty({ description: 'Until the first text.' }) first_token_ms!: number;
  @ApiProperty({ description: 'Writing the answers.' }) generate_ms!: number;
  @ApiProperty() total_ms!: number;
}

/** The one picture of a request. */
export function presentMedia({ images }: RequestOutcome, detail: Detail): Plain<MediaReportDto> {
  const [image] = images;
  if (!image) throw new Error('The engine reported no picture.');
  const { sha256, width, height, tiles, grid, visualTokens } = image;
  return { sha256, width, height, tiles, grid, detail, visual_tokens: visualTokens };
}

export function presentText({ text, finishReason, usage, timings }: Answer): Plain<TextReplyDto> {
  return {
    text,
    finish_reason: finishReason,
    usage: {
      prompt_tokens: usage.promptTokens,
      image_tokens: usage.imageTokens,
      completion_tokens: usage.completionTokens,
    },
    timings: {
      prefill_ms: round(timings.prefillMs),
      first_token_ms: round(timings.firstTokenMs),
      generate_ms: round(timings.decodeMs),
    },
  };
}

export function presentTimings(timings: RequestTimings): Plain<TimingsDto> {
  return {
    decode_ms: round(timings.decodeMediaMs),
    tile_ms: round(timings.tileMs),
    encode_ms: round(timings.encodeMs),
    prefill_ms: round(timings.prefillMs),
    first_token_ms: round(timings.firstTokenMs),
    generate_ms: round(timings.decodeMs),
    total_ms: round(timings.totalMs),
  };
}

/** Tenths of a millisecond: more would be noise. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
