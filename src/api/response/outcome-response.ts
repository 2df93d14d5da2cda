import { ApiProperty } from '@nestjs/swagger';

import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { Answer, RequestTimings } from '../../engine/vision-language-engine.js';
import type { MediaReport } from '../../media/media-report.js';
import type { Plain } from './media-response.js';
import { presentTokens, type TokenLogprobDto } from './token-logprobs-response.js';

export class UsageDto {
  @ApiProperty({ description: 'Text, pictures and clips.' }) prompt_tokens!: number;
  @ApiProperty({ description: 'The part of pictures and clips.' }) image_tokens!: number;
  @ApiProperty({
    description: 'The part not read anew: it was read for another text or an earlier request.',
  })
  cached_tokens!: number;
  @ApiProperty() completion_tokens!: number;
}

class AnswerTimingsDto {
  @ApiProperty() prefill_ms!: number;
  @ApiProperty() first_token_ms!: number;
  @ApiProperty() decode_ms!: number;
}

/** What captions and answers have in common. */
export class TextReplyDto {
  @ApiProperty() text!: string;
  @ApiProperty({ enum: ['stop', 'length', 'repetition', 'cancelled'] }) finish_reason!: string;
  @ApiProperty({ type: UsageDto }) usage!: UsageDto;
  @ApiProperty({ type: AnswerTimingsDto }) timings!: AnswerTimingsDto;
}

export class TimingsDto {
  @ApiProperty({ description: 'Waiting for a place among the requests that are worked at.' })
  queue_ms!: number;
  @ApiProperty({ description: 'Decoding the files.' }) media_decode_ms!: number;
  @ApiProperty({ description: 'Cutting them into tiles.' }) tile_ms!: number;
  @ApiProperty({ description: 'The vision encoder.' }) encode_ms!: number;
  @ApiProperty({ description: 'Reading the prompts.' }) prefill_ms!: number;
  @ApiProperty({ description: 'Until the first text.' }) first_token_ms!: number;
  @ApiProperty({ description: 'Writing the answers.' }) decode_ms!: number;
  @ApiProperty() total_ms!: number;
}

/** How one kind of request shows its outcome, whole or as a stream. */
export interface OutcomeForm<Label extends object, Media> {
  readonly id: string;
  readonly model: string;
  /** What a stream calls a finished text. */
  readonly resultEvent: 'caption' | 'answer';
  /** The fields that say which text it is. */
  readonly label: (conversation: number) => Label;
  readonly presentMedia: (media: readonly MediaReport[]) => Media;
}

/** A whole outcome; its texts in the order of the conversations. */
export function presentOutcome<Label extends object, Media>(
  form: OutcomeForm<Label, Media>,
  { media, answers, timings }: RequestOutcome,
) {
  return {
    id: form.id,
    model: form.model,
    media: form.presentMedia(media),
    texts: answers.map((answer) => presentLabelled(form, answer)),
    timings: presentTimings(timings),
  };
}

/** What every finished text is shown as; with its tokens where they were asked for. */
type PresentedText = Plain<TextReplyDto> & { readonly tokens?: Plain<TokenLogprobDto>[] };

/** One text with the fields that say which. */
export function presentLabelled<Label extends object>(
  { label }: Pick<OutcomeForm<Label, unknown>, 'label'>,
  answer: Answer,
): Label & PresentedText {
  return { ...label(answer.conversation), ...presentText(answer) };
}

function presentText({ text, finishReason, usage, timings, tokens }: Answer): PresentedText {
  return {
    text,
    finish_reason: finishReason,
    usage: presentUsage([usage]),
    timings: presentAnswerTimings(timings),
    ...presentTokens(tokens),
  };
}

export function presentAnswerTimings(timings: Answer['timings']): Plain<AnswerTimingsDto> {
  return {
    prefill_ms: round(timings.prefillMs),
    first_token_ms: round(timings.firstTokenMs),
    decode_ms: round(timings.decodeMs),
  };
}

/** The sums over several texts. */
export function presentUsage(usages: readonly Answer['usage'][]): Plain<UsageDto> {
  const sum = (pick: (usage: Answer['usage']) => number) =>
    usages.reduce((total, usage) => total + pick(usage), 0);
  return {
    prompt_tokens: sum(({ promptTokens }) => promptTokens),
    image_tokens: sum(({ imageTokens }) => imageTokens),
    cached_tokens: sum(({ cachedTokens }) => cachedTokens),
    completion_tokens: sum(({ completionTokens }) => completionTokens),
  };
}

export function presentTimings(timings: RequestTimings): Plain<TimingsDto> {
  return {
    queue_ms: round(timings.queueMs),
    media_decode_ms: round(timings.mediaDecodeMs),
    tile_ms: round(timings.tileMs),
    encode_ms: round(timings.encodeMs),
    prefill_ms: round(timings.prefillMs),
    first_token_ms: round(timings.firstTokenMs),
    decode_ms: round(timings.decodeMs),
    total_ms: round(timings.totalMs),
  };
}

/** Tenths of a millisecond: more would be noise. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
