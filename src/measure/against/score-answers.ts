import { rankStep } from '../../decoder/sampling/token-logprobs.js';
import type { PromptSegment } from '../../language/build-prompt.js';
import { loadModelPackage } from '../../models/package/model-package.js';
import { traceModel } from '../verify/trace-model.js';
import { loadTracedModel } from '../verify/traced-model.js';

/** A prompt, and the answer that the package is to score. */
export interface PromptToScore {
  readonly segments: readonly PromptSegment[];
  /** For each position the ids that the server's token may be. `null`: the package answers by itself, greedily. */
  readonly answer: readonly (readonly number[])[] | null;
  readonly maxTokens: number;
}

/** Work for one child process. */
export interface ScoreTask {
  readonly packageDirectory: string;
  readonly threads: number;
  readonly prompts: readonly PromptToScore[];
}

/** What the package computes at one position of an answer. */
export interface ScoredPosition {
  readonly topId: number;
  /** The id that the next position continues from: of those that the token may be, the most likely. */
  readonly id: number;
  /** Natural logarithm of its probability. */
  readonly logprob: number;
}

export interface ScoredPrompt {
  /** Positions of the prompt, visual tokens included. */
  readonly promptTokens: number;
  /** One for each token of the answer, and one for the token after it unless the answer has `maxTokens`. */
  readonly positions: readonly ScoredPosition[];
}

/**
 * Loads a package and runs prompts and answers through it: teacher forcing, so that one different token does not affect
 * the positions after it.
 *
 * @throws MODEL_NOT_FOUND, MODEL_INVALID
 */
export async function scoreAnswers(
  { packageDirectory, threads, prompts }: ScoreTask,
  onProgress: (step: string) => void,
): Promise<ScoredPrompt[]> {
  onProgress('loading');
  const modelPackage = await loadModelPackage(packageDirectory);
  const model = await loadTracedModel(modelPackage, { threads, depth: 'outputs' });
  const { eos } = model.manifest.tokens;
  const positions = prompts.map((): ScoredPosition[] => []);
  let visualTokens = 0;
  try {
    await traceModel(
      model,
      { prompts: prompts.map(({ segments }) => segments), detail: 'high' },
      {
        onImage({ shape }) {
          visualTokens = shape[0] ?? 0;
          return Promise.resolve();
        },
        chooseToken(index, logits) {
          const { answer, maxTokens } = prompts[index] ?? { answer: null, maxTokens: 0 };
          const scored = positions[index] ?? [];
          const [best] = rankStep(logits, 0, 1).top;
          const topId = best?.id ?? 0;
          const candidates = answer?.[scored.length] ?? [topId];
          const [first = topId, ...others] = candidates;
          const rank = (id: number) => rankStep(logits, id, 1).sampled;
          const chosen = others
            .map(rank)
            .reduce((a, b) => (b.logprob > a.logprob ? b : a), rank(first));
          scored.push({ topId, ...chosen });
          const isOver = answer === null ? eos.includes(topId) : scored.length > answer.length;
          return Promise.resolve(isOver || scored.length >= maxTokens ? null : chosen.id);
        },
      },
      onProgress,
    );
  } finally {
    await model.close();
  }
  return prompts.map(({ segments }, index) => ({
    promptTokens: countTokens(segments, visualTokens),
    positions: positions[index] ?? [],
  }));
}

function countTokens(segments: readonly PromptSegment[], visualTokens: number): number {
  return segments.reduce(
    (sum, one) => sum + (one.kind === 'text' ? one.ids.length : visualTokens),
    0,
  );
}
