import { ApiProperty } from '@nestjs/swagger';

import type { TokenLogprob } from '../../engine/vision-language-engine.js';
import type { Plain } from './media-response.js';

class RankedTokenDto {
  @ApiProperty({
    description:
      'Control tokens as they are written; a byte that is part of a character as U+FFFD.',
  })
  text!: string;
  @ApiProperty({
    description:
      'The natural logarithm of its probability, before temperature, top_p, top_k and penalties; -9999 for 0.',
  })
  logprob!: number;
}

export class TokenLogprobDto extends RankedTokenDto {
  @ApiProperty({
    type: [RankedTokenDto],
    description: 'The likeliest at its step, likeliest first.',
  })
  top!: RankedTokenDto[];
}

/** Tokens with their probabilities, as an object to be spread: empty where none were asked for. */
export function presentTokens(tokens: readonly TokenLogprob[] | undefined): {
  tokens?: Plain<TokenLogprobDto>[];
} {
  return tokens ? { tokens: tokens.map(presentToken) } : {};
}

function presentToken({ text, logprob, top }: TokenLogprob): Plain<TokenLogprobDto> {
  return {
    text,
    logprob: presentLogprob(logprob),
    top: top.map((each) => ({ text: each.text, logprob: presentLogprob(each.logprob) })),
  };
}

/** JSON has no infinity; OpenAI writes this number for what is practically impossible. */
export function presentLogprob(logprob: number): number {
  return Math.max(logprob, -9999);
}
