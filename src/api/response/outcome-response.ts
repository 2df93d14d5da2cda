import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import type { Answer, RequestTimings, TokenLogprob } from '../../engine/vision-language-engine.js';
import type { Receipt } from '../../engine/receipts/receipt.js';
import {
  type LanguageCheckJson,
  languageCheckJson,
} from '../../language/check/language-check-json.js';
import { LanguageCheckDto } from './language-check-response.js';
import type { Plain } from './media-response.js';
import { RECEIPT_SCHEMA } from './receipt-response.js';

export class UsageDto {
  @ApiProperty({ description: 'Tokens of the prompts, visual tokens included.' })
  prompt_tokens!: number;
  @ApiProperty({ description: 'Visual tokens of images and videos within prompt_tokens.' })
  image_tokens!: number;
  @ApiProperty({
    description:
      'Tokens within prompt_tokens that came from the prefix cache or were shared with another text of this request.',
  })
  cached_tokens!: number;
  @ApiProperty({ description: 'Generated tokens.' }) completion_tokens!: number;
}

class TextTimingsDto {
  @ApiProperty({ description: 'Prefill of the prompt.' }) prefill_ms!: number;
  @ApiProperty({ description: 'From the start of the prefill to the first token.' })
  first_token_ms!: number;
  @ApiProperty({ description: 'Decoding of the tokens.' }) decode_ms!: number;
}

/** The fields that captions and answers share. */
export class TextResponseDto {
  @ApiProperty() text!: string;
  @ApiProperty({
    enum: ['stop', 'length', 'repetition', 'cancelled'],
    description:
      'stop: stop token or stop string. length: max_tokens or the end of the context. repetition: the text repeated itself.',
  })
  finish_reason!: string;
  @ApiProperty({ type: UsageDto }) usage!: UsageDto;
  @ApiProperty({ type: TextTimingsDto, description: 'Milliseconds.' }) timings!: TextTimingsDto;
  @ApiProperty({
    type: LanguageCheckDto,
    nullable: true,
    description: 'Whether the text is in the language that was asked for.',
  })
  language_check!: LanguageCheckJson | null;
  @ApiPropertyOptional(RECEIPT_SCHEMA) receipt?: Receipt;
}

export class TimingsDto {
  @ApiProperty({ description: 'Waiting in the queue before any work began.' })
  queue_ms!: number;
  @ApiProperty({ description: 'Decoding of image and video files.' }) media_decode_ms!: number;
  @ApiProperty({ description: 'Resizing and splitting into tiles.' }) tile_ms!: number;
  @ApiProperty({ description: 'Vision encoder and projector.' }) encode_ms!: number;
  @ApiProperty({ description: 'Prefill of the prompts.' }) prefill_ms!: number;
  @ApiProperty({ description: 'From the arrival of the request to its first token.' })
  first_token_ms!: number;
  @ApiProperty({ description: 'Decoding of the tokens.' }) decode_ms!: number;
  @ApiProperty({ description: 'From the arrival of the request to its end.' }) total_ms!: number;
}

class RankedTokenDto {
  @ApiProperty({
    description:
      'Text of the token. A control token is spelled out. A token with only some bytes of a character has U+FFFD for them.',
  })
  text!: string;
  @ApiProperty({
    description:
      'Natural logarithm of its probability, before temperature, top_p, top_k and penalties. -9999 means probability 0.',
  })
  logprob!: number;
}

export class TokenLogprobDto extends RankedTokenDto {
  @ApiProperty({
    type: [RankedTokenDto],
    description: 'The top_logprobs most likely tokens at this step, most likely first.',
  })
  top!: RankedTokenDto[];
}

/** `tokens` is left out unless the request set `top_logprobs`. */
type TextResponse = Plain<TextResponseDto> & { readonly tokens?: Plain<TokenLogprobDto>[] };

/** @param language code of the language that was asked for. */
export function toTextResponse(
  { text, finishReason, usage, timings, tokens, receipt }: Answer,
  language: string,
): TextResponse {
  return {
    text,
    finish_reason: finishReason,
    usage: toUsageResponse([usage]),
    timings: toTextTimingsResponse(timings),
    language_check: languageCheckJson(text, language),
    ...toTokensResponse(tokens),
    ...(receipt && { receipt }),
  };
}

export function toTextTimingsResponse(timings: Answer['timings']): Plain<TextTimingsDto> {
  return {
    prefill_ms: round(timings.prefillMs),
    first_token_ms: round(timings.firstTokenMs),
    decode_ms: round(timings.decodeMs),
  };
}

/** The sum of several usages. */
export function toUsageResponse(usages: readonly Answer['usage'][]): Plain<UsageDto> {
  const sum = (pick: (usage: Answer['usage']) => number) =>
    usages.reduce((total, usage) => total + pick(usage), 0);
  return {
    prompt_tokens: sum(({ promptTokens }) => promptTokens),
    image_tokens: sum(({ imageTokens }) => imageTokens),
    cached_tokens: sum(({ cachedTokens }) => cachedTokens),
    completion_tokens: sum(({ completionTokens }) => completionTokens),
  };
}

export function toTimingsResponse(timings: RequestTimings): Plain<TimingsDto> {
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

/** Rounds to 0.1 ms; the measurement is no more precise. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** An object to spread into a response: empty if the request has no `top_logprobs`. */
export function toTokensResponse(tokens: readonly TokenLogprob[] | undefined): {
  tokens?: Plain<TokenLogprobDto>[];
} {
  return tokens ? { tokens: tokens.map(toTokenResponse) } : {};
}

function toTokenResponse({ text, logprob, top }: TokenLogprob): Plain<TokenLogprobDto> {
  return {
    text,
    logprob: toLogprobResponse(logprob),
    top: top.map((ranked) => ({ text: ranked.text, logprob: toLogprobResponse(ranked.logprob) })),
  };
}

/** JSON has no infinity. OpenAI sends -9999 for tokens that are practically impossible. */
export function toLogprobResponse(logprob: number): number {
  return Math.max(logprob, -9999);
}
