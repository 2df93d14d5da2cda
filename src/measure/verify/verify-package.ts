import { type MeasuredSpeed, measureSpeed } from '../doctor/measure-speed.js';
import { describeCosts } from '../../engine/model-costs.js';
import { buildRequestPrompt } from '../../engine/prompts.js';
import type { PromptSegment } from '../../language/build-prompt.js';
import { loadModelPackage, type ModelPackage } from '../../models/package/model-package.js';
import { compareWithReference } from './compare-with-reference.js';
import { MAX_TRACED_TOKENS, recordReferenceTrace } from './reference-trace.js';
import { samplePrompts } from './sample-prompts.js';
import type { TracedModel } from './trace-model.js';
import { loadTracedModel } from './traced-model.js';
import type { Comparison, VerifyResult, VerifyTask } from './verify-result.js';

/**
 * Loads a package, measures its speed and runs the sample prompts. The result includes the peak memory (RSS) of this
 * process, so each package needs a new process.
 *
 * @throws MODEL_NOT_FOUND, MODEL_INVALID
 */
export async function verifyPackage(
  task: VerifyTask,
  onProgress: (step: string) => void,
): Promise<VerifyResult> {
  const startMs = performance.now();
  onProgress('verifying');
  const modelPackage = await loadModelPackage(task.packageDirectory);
  onProgress('loading');
  const model = await loadTracedModel(modelPackage, { threads: task.threads, depth: 'outputs' });
  const loadMs = performance.now() - startMs;
  let measured: MeasuredSpeed;
  let comparison: Comparison | null = null;
  try {
    measured = await measureSpeed(model, onProgress, task.caches);
    if (task.trace.role !== 'none' && task.trace.depth === 'outputs') {
      comparison = await traceAnswers(model, task, onProgress);
    }
  } finally {
    await model.close();
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  if (task.trace.role !== 'none' && task.trace.depth === 'layers') {
    comparison = await traceLayers(modelPackage, task, onProgress);
  }
  const costs = describeCosts(modelPackage.manifest, model.tokenizer);
  return { ...measured, loadMs, peakBytes, costs, comparison };
}

/** Loads the model a second time: copying layer outputs would distort the speed and the peak memory. */
async function traceLayers(
  modelPackage: ModelPackage,
  task: VerifyTask,
  onProgress: (step: string) => void,
): Promise<Comparison | null> {
  const model = await loadTracedModel(modelPackage, { threads: task.threads, depth: 'layers' });
  try {
    return await traceAnswers(model, task, onProgress);
  } finally {
    await model.close();
  }
}

async function traceAnswers(
  model: TracedModel,
  { trace }: VerifyTask,
  onProgress: (step: string) => void,
): Promise<Comparison | null> {
  if (trace.role === 'compare') return await compareWithReference(model, trace.folder, onProgress);
  if (trace.role === 'record') {
    await recordReferenceTrace(model, preparePrompts(model), trace.folder, onProgress);
  }
  return null;
}

/** The sample prompts as token ids, without those that leave no room in the context for an answer. */
function preparePrompts({ manifest, tokenizer, vision }: TracedModel) {
  const abilities = {
    hasVision: vision !== null,
    hasChatTemplate: tokenizer.renderTemplate !== null,
  };
  const { maxPositions } = manifest.decoder;
  return samplePrompts(abilities).flatMap(({ language, hasImage, conversation }) => {
    const segments = buildRequestPrompt(conversation, tokenizer);
    // `traceModel` gives the image up to half of the context.
    const room = hasImage ? maxPositions / 2 : maxPositions;
    return countIds(segments) + MAX_TRACED_TOKENS <= room ? [{ language, hasImage, segments }] : [];
  });
}

function countIds(segments: readonly PromptSegment[]): number {
  return segments.reduce((sum, one) => sum + (one.kind === 'text' ? one.ids.length : 0), 0);
}
