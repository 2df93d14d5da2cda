import { type RankedId, rankStep, type StepLogprobs } from '../decoder/sampling/token-logprobs.js';
import { tokenText } from '../language/detokenizer.js';
import type { Tokenizer } from '../language/tokenizer.js';
import type { Answer, Conversation, PromptToken, TokenLogprob } from './vision-language-engine.js';

/** Scores the tokens of a prompt, one at a time, before an answer begins. */
export interface PromptScorer {
  /** Log-probabilities of the second token and of those after it. */
  readonly steps: readonly StepLogprobs[];
  /** Input of the next decode step: the token that was scored last. */
  readonly nextId: number | undefined;
  /** Whether all tokens have scores. */
  readonly isDone: boolean;
  /**
   * Scores the next token.
   *
   * @param logits `[vocabulary]`, unmodified.
   * @returns false if all tokens have scores, so that the logits belong to the answer.
   */
  acceptLogits(logits: Float32Array): boolean;
}

/** @param ids of a prompt whose first token is in the KV cache. */
export function createPromptScorer(ids: readonly number[], topLogprobs: number): PromptScorer {
  const steps: StepLogprobs[] = [];
  return {
    steps,
    get nextId() {
      return steps.at(-1)?.sampled.id;
    },
    get isDone() {
      return steps.length + 1 >= ids.length;
    },
    acceptLogits(logits) {
      const id = ids[steps.length + 1];
      if (id === undefined) return false;
      steps.push(rankStep(logits, id, topLogprobs));
      return true;
    },
  };
}

/**
 * A raw prompt as an answer repeats it.
 *
 * @param ids of its tokens, with those that the tokenizer adds.
 * @param steps scores of the tokens after the first; empty without scores.
 */
export function describeEcho(
  conversation: Conversation,
  ids: readonly number[],
  steps: readonly StepLogprobs[],
  tokenizer: Tokenizer,
): NonNullable<Answer['prompt']> {
  const firstText = ids.findIndex((id) => !tokenizer.specialIds.has(id));
  const tokens = ids.map((id, index): PromptToken => {
    const { text, bytes } = tokenText(id, index === firstText, tokenizer);
    const step = steps[index - 1];
    const { logprob, top } = step ? toTokenLogprob(step, false, tokenizer) : UNSCORED;
    return { id, text, bytes: tokenizer.specialIds.has(id) ? [] : bytes, logprob, top };
  });
  if ('rawText' in conversation) return { text: conversation.rawText, tokens };
  const bytes = tokens.flatMap((token) => token.bytes);
  return { text: Buffer.from(bytes).toString('utf8'), tokens };
}

const UNSCORED = { logprob: null, top: [] } as const;

/** @param isFirst see `tokenText`. */
export function toTokenLogprob(
  step: StepLogprobs,
  isFirst: boolean,
  tokenizer: Tokenizer,
): TokenLogprob {
  const describe = ({ id, logprob }: RankedId) => ({
    id,
    ...tokenText(id, isFirst, tokenizer),
    logprob,
  });
  return { ...describe(step.sampled), top: step.top.map(describe) };
}
