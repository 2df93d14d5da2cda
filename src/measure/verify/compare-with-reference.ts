import { compareLogits, relativeError } from './error-metrics.js';
import {
  readTracedPrompts,
  traceValuesPath,
  type TracedPrompt,
  openTrace,
} from './reference-trace.js';
import { traceModel, type TracedModel } from './trace-model.js';
import type { Comparison, LayerErrors, PromptComparison } from './verify-result.js';

/** One predicted token. */
interface Step {
  /** Index into the prompts. */
  readonly prompt: number;
  readonly klDivergence: number;
  readonly isTop1Equal: boolean;
}

/**
 * Feeds a model the reference's answers (teacher forcing) and compares the logits of every next token, so that one
 * early difference does not affect later positions. The first differing top-1 token is where greedy decoding would
 * diverge.
 *
 * @param folder of a trace that `recordReferenceTrace` wrote.
 */
export async function compareWithReference(
  model: TracedModel,
  folder: string,
  onProgress: (step: string) => void,
): Promise<Comparison> {
  const prompts = await readTracedPrompts(folder);
  const trace = await openTrace(traceValuesPath(folder));
  const steps: Step[] = [];
  const decoderErrors: number[][] = [];
  let visionErrors: number[] = [];
  let imageFeatureError: number | null = null;

  const compareAll = async (layers: readonly Float32Array[]): Promise<number[]> => {
    const errors: number[] = [];
    for (const values of layers) {
      errors.push(relativeError(await trace.read(values.length), values));
    }
    return errors;
  };

  try {
    const stepCounts = prompts.map(() => 0);
    await traceModel(
      model,
      { prompts: prompts.map(({ segments }) => segments), detail: 'auto' },
      {
        async onImage(embeddings, layers) {
          const { data } = embeddings;
          imageFeatureError = relativeError(await trace.read(data.length), data);
          visionErrors = await compareAll(layers);
        },
        async chooseToken(prompt, logits, layers) {
          steps.push({ prompt, ...compareLogits(await trace.read(logits.length), logits) });
          decoderErrors.push(await compareAll(layers));
          const step = stepCounts[prompt] ?? 0;
          stepCounts[prompt] = step + 1;
          const { answerIds } = prompts[prompt] ?? { answerIds: [] };
          // No logits are compared after the last token: no further decode step is needed.
          return step + 1 < answerIds.length ? (answerIds[step] ?? null) : null;
        },
      },
      onProgress,
    );
  } finally {
    await trace.close();
  }
  return summarize(prompts, steps, imageFeatureError, {
    visionEncoder: visionErrors,
    decoder: meanByLayer(decoderErrors),
  });
}

function summarize(
  prompts: readonly TracedPrompt[],
  steps: readonly Step[],
  imageFeatureError: number | null,
  layerErrors: LayerErrors,
): Comparison {
  const divergences = steps.map(({ klDivergence }) => klDivergence);
  return {
    positions: steps.length,
    klDivergence: { mean: mean(divergences), max: divergences.reduce((a, b) => Math.max(a, b), 0) },
    top1Agreement: mean(steps.map(({ isTop1Equal }) => (isTop1Equal ? 1 : 0))),
    prompts: prompts.map((prompt, index) =>
      summarizePrompt(
        prompt,
        steps.filter((step) => step.prompt === index),
      ),
    ),
    imageFeatureError,
    layerErrors,
  };
}

function summarizePrompt(
  { language, hasImage }: TracedPrompt,
  steps: readonly Step[],
): PromptComparison {
  const firstDifference = steps.findIndex(({ isTop1Equal }) => !isTop1Equal);
  return {
    ...{ language, hasImage, tokens: steps.length },
    matchingTokens: firstDifference < 0 ? steps.length : firstDifference,
    meanKlDivergence: mean(steps.map(({ klDivergence }) => klDivergence)),
  };
}

/** @param rows one for each decode step, with one error for each layer. */
function meanByLayer(rows: readonly (readonly number[])[]): number[] {
  return (rows[0] ?? []).map((_, layer) => mean(rows.map((row) => row[layer] ?? NaN)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
