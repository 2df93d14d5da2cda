import { compareLogits } from './compare-logits.js';
import type { Comparison, LayerErrors, PromptComparison } from './examination.js';
import {
  readRecordedPrompts,
  recordedValuesPath,
  type RecordedPrompt,
} from './reference-record.js';
import { relativeError } from './relative-error.js';
import { openTrace } from './trace-file.js';
import { traceModel, type TracedModel } from './trace-model.js';

/** One predicted token. */
interface Step {
  readonly prompt: number;
  readonly divergence: number;
  readonly isTopEqual: boolean;
}

/**
 * Leads a model along the reference's answers and compares what it thinks of every next token, so that one early difference
 * does not spoil what follows. Where the first token differs is where its own answer would have left the reference's.
 *
 * @param folder what `recordReference` wrote, of the same depth.
 */
export async function compareWithReference(
  model: TracedModel,
  folder: string,
  onProgress: (step: string) => void,
): Promise<Comparison> {
  const prompts = await readRecordedPrompts(folder);
  const trace = await openTrace(recordedValuesPath(folder));
  const steps: Step[] = [];
  const decoderErrors: number[][] = [];
  let towerErrors: number[] = [];
  let pictureError: number | null = null;

  const compareAll = async (layers: readonly Float32Array[]): Promise<number[]> => {
    const errors: number[] = [];
    for (const values of layers) {
      errors.push(relativeError(await trace.read(values.length), values));
    }
    return errors;
  };

  try {
    const taken = prompts.map(() => 0);
    await traceModel(
      model,
      prompts.map(({ chunks }) => chunks),
      {
        async onImage(embeddings, layers) {
          const { data } = embeddings;
          pictureError = relativeError(await trace.read(data.length), data);
          towerErrors = await compareAll(layers);
        },
        async chooseToken(prompt, logits, layers) {
          steps.push({ prompt, ...compareLogits(await trace.read(logits.length), logits) });
          decoderErrors.push(await compareAll(layers));
          const step = taken[prompt] ?? 0;
          taken[prompt] = step + 1;
          const { answerIds } = prompts[prompt] ?? { answerIds: [] };
          // Nothing follows the last token, so it is not read.
          return step + 1 < answerIds.length ? (answerIds[step] ?? null) : null;
        },
      },
      onProgress,
    );
  } finally {
    await trace.close();
  }
  return summarise(prompts, steps, pictureError, {
    tower: towerErrors,
    decoder: meanByLayer(decoderErrors),
  });
}

function summarise(
  prompts: readonly RecordedPrompt[],
  steps: readonly Step[],
  pictureError: number | null,
  layerErrors: LayerErrors,
): Comparison {
  const divergences = steps.map(({ divergence }) => divergence);
  return {
    positions: steps.length,
    divergence: { mean: mean(divergences), max: divergences.reduce((a, b) => Math.max(a, b), 0) },
    topAgreement: mean(steps.map(({ isTopEqual }) => (isTopEqual ? 1 : 0))),
    prompts: prompts.map((prompt, index) =>
      summarisePrompt(
        prompt,
        steps.filter((step) => step.prompt === index),
      ),
    ),
    pictureError,
    layerErrors: layerErrors.decoder.length === 0 ? null : layerErrors,
  };
}

function summarisePrompt(
  { language, shows }: RecordedPrompt,
  steps: readonly Step[],
): PromptComparison {
  const firstDifference = steps.findIndex(({ isTopEqual }) => !isTopEqual);
  return {
    ...{ language, shows, tokens: steps.length },
    agreedTokens: firstDifference < 0 ? steps.length : firstDifference,
    meanDivergence: mean(steps.map(({ divergence }) => divergence)),
  };
}

/** Of rows with an error for each layer. */
function meanByLayer(rows: readonly (readonly number[])[]): number[] {
  return (rows[0] ?? []).map((_, layer) => mean(rows.map((row) => row[layer] ?? NaN)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
