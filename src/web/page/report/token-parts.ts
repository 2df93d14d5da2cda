import type { RunReport } from './reports.js';

/** What a text's tokens went to. */
export interface TokenParts {
  readonly visual: number;
  readonly text: number;
  readonly answer: number;
  readonly used: number;
  readonly free: number;
}

/** Splits the context between pictures, words, the answer and what is left; without usage, the medium alone is known. */
export function tokenParts(
  { media, usage }: Pick<RunReport, 'media' | 'usage'>,
  contextLength: number,
): TokenParts {
  const visual = usage?.image_tokens ?? media.visual_tokens;
  const text = usage ? usage.prompt_tokens - usage.image_tokens : 0;
  const answer = usage?.completion_tokens ?? 0;
  const used = visual + text + answer;
  return { visual, text, answer, used, free: Math.max(contextLength - used, 0) };
}
