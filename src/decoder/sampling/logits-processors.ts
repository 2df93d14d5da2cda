import type { GenerationDefaults } from '../../models/package/manifest.js';
import { checkSettings } from './check-settings.js';

/** Changes of the logits that a request may ask for. */
export interface LogitsSettings {
  /** Added to the logits of tokens, by token id. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Above 1 lowers the probability of tokens in the prompt and the answer; 1 disables it. */
  readonly repetitionPenalty: number;
  /** Subtracted from the logit of a token for each of its occurrences in the answer; 0 disables it. */
  readonly frequencyPenalty: number;
  /** Subtracted from the logit of a token that occurs in the answer; 0 disables it. */
  readonly presencePenalty: number;
  /** Tokens before the answer may end. */
  readonly minTokens: number;
}

/** Tokens that the checkpoint excludes from its answers. */
export type ExcludedTokens = Pick<
  GenerationDefaults,
  'noRepeatNgramSize' | 'suppressTokens' | 'beginSuppressTokens' | 'badWords'
>;

/**
 * Modifies logits `[vocabulary]` in place before sampling.
 *
 * @param ids token ids of the prompt and of the answer so far; one call per token of the answer.
 */
export type LogitsProcessor = (logits: Float32Array, ids: readonly number[]) => void;

/** Properties of one answer. */
export interface AnswerContext {
  /** Length of the prompt in token ids. */
  readonly promptLength: number;
  /** Tokens that end an answer. They are never bad words. */
  readonly eosIds: readonly number[];
  /** Tokens that end this answer, which `minTokens` excludes. */
  readonly stopIds: readonly number[];
}

/**
 * The active processors, in the order of Hugging Face's `generate` (`_get_logits_processor` in `generation/utils.py` of
 * transformers 5.24). The bias has the place of its `sequence_bias`. The penalties of OpenAI's API follow the
 * repetition penalty, as in vLLM.
 *
 * @throws INVALID_PARAMETER for settings out of range.
 */
export function createLogitsProcessors(
  settings: LogitsSettings,
  excluded: ExcludedTokens,
  { promptLength, eosIds, stopIds }: AnswerContext,
): LogitsProcessor[] {
  const { logitBias, repetitionPenalty, frequencyPenalty, presencePenalty, minTokens } = settings;
  checkSettings(settings, [
    [
      'repetitionPenalty',
      repetitionPenalty > 0 && repetitionPenalty <= 100,
      'a number above 0 and at most 100',
    ],
    ['frequencyPenalty', Number.isFinite(frequencyPenalty), 'a finite number'],
    ['presencePenalty', Number.isFinite(presencePenalty), 'a finite number'],
    ['minTokens', Number.isSafeInteger(minTokens) && minTokens >= 0, 'an integer of at least 0'],
  ]);
  const { noRepeatNgramSize, suppressTokens, beginSuppressTokens } = excluded;
  const badWords = excluded.badWords.filter(
    ([id = -1, ...others]) => others.length > 0 || !eosIds.includes(id),
  );
  const processors: readonly [isActive: boolean, create: () => LogitsProcessor][] = [
    [logitBias.size > 0, () => addBias(logitBias)],
    [repetitionPenalty !== 1, () => penalizeRepetition(repetitionPenalty)],
    [
      frequencyPenalty !== 0 || presencePenalty !== 0,
      () => penalizeOccurrences(frequencyPenalty, presencePenalty, promptLength),
    ],
    [noRepeatNgramSize > 0, () => excludeRepeatedNgrams(noRepeatNgramSize)],
    [badWords.length > 0, () => excludeSequences(badWords)],
    [minTokens > 0 && stopIds.length > 0, () => excludeUntil(promptLength + minTokens, stopIds)],
    [suppressTokens.length > 0, () => excludeUntil(Infinity, suppressTokens)],
    [beginSuppressTokens.length > 0, () => excludeUntil(promptLength + 1, beginSuppressTokens)],
  ];
  return processors.flatMap(([isActive, create]) => (isActive ? [create()] : []));
}

function addBias(bias: ReadonlyMap<number, number>): LogitsProcessor {
  return (logits) => {
    for (const [id, value] of bias) logits[id] = (logits[id] ?? 0) + value;
  };
}

/**
 * Repetition penalty of CTRL (Keskar et al. 2019, section 4.1), applied once per id as in Hugging Face, prompt
 * included.
 */
function penalizeRepetition(penalty: number): LogitsProcessor {
  // PyTorch converts the factor to float32 first.
  const factor = Math.fround(penalty);
  const seen = new Set<number>();
  let counted = 0;
  return (logits, ids) => {
    for (; counted < ids.length; counted++) seen.add(ids[counted] ?? 0);
    for (const id of seen) {
      const logit = logits[id];
      if (logit !== undefined) logits[id] = logit < 0 ? logit * factor : logit / factor;
    }
  };
}

/** Frequency and presence penalty of OpenAI's API. They count the answer, not the prompt. */
function penalizeOccurrences(
  frequency: number,
  presence: number,
  promptLength: number,
): LogitsProcessor {
  const counts = new Map<number, number>();
  let counted = promptLength;
  return (logits, ids) => {
    for (; counted < ids.length; counted++) {
      const id = ids[counted] ?? 0;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const [id, count] of counts) {
      logits[id] = (logits[id] ?? 0) - count * frequency - presence;
    }
  };
}

/** No sequence of `size` tokens occurs twice. */
function excludeRepeatedNgrams(size: number): LogitsProcessor {
  return (logits, ids) => {
    const suffix = ids.length - (size - 1);
    for (let start = 0; start + size <= ids.length; start++) {
      if (isSameRun(ids, start, suffix, size - 1)) exclude(logits, ids[start + size - 1]);
    }
  };
}

function isSameRun(ids: readonly number[], a: number, b: number, length: number): boolean {
  for (let offset = 0; offset < length; offset++) {
    if (ids[a + offset] !== ids[b + offset]) return false;
  }
  return true;
}

/** Excludes the last token of each sequence whose other tokens were generated last. */
function excludeSequences(sequences: readonly (readonly number[])[]): LogitsProcessor {
  return (logits, ids) => {
    for (const sequence of sequences) {
      const start = ids.length - (sequence.length - 1);
      const isNext = sequence.slice(0, -1).every((id, index) => ids[start + index] === id);
      if (isNext) exclude(logits, sequence.at(-1));
    }
  };
}

/** Excludes tokens as long as prompt and answer are shorter than `length`. */
function excludeUntil(length: number, tokens: readonly number[]): LogitsProcessor {
  return (logits, ids) => {
    if (ids.length < length) for (const id of tokens) exclude(logits, id);
  };
}

/** An id outside the vocabulary has no effect. */
function exclude(logits: Float32Array, id: number | undefined): void {
  if (id !== undefined && id < logits.length) logits[id] = -Infinity;
}
