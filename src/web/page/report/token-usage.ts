import type { RunReport } from './report-store.js';

/** The tokens of a text's context by kind. */
export interface TokenUsage {
  readonly visual: number;
  readonly text: number;
  readonly output: number;
  readonly used: number;
  readonly free: number;
}

/**
 * Splits the context into visual, text, output and free tokens. Before a text is finished, only visual tokens are
 * known.
 */
export function splitTokenUsage(
  { media, usage }: Pick<RunReport, 'media' | 'usage'>,
  contextLength: number,
): TokenUsage {
  const visual = usage?.image_tokens ?? media.visual_tokens;
  const text = usage ? usage.prompt_tokens - usage.image_tokens : 0;
  const output = usage?.completion_tokens ?? 0;
  const used = visual + text + output;
  return { visual, text, output, used, free: Math.max(contextLength - used, 0) };
}
