import { type MeasuredSpeed, measureSpeed } from '../doctor/measure-speed.js';
import { describeCosts } from '../../engine/model-costs.js';
import { loadModelPackage, type ModelPackage } from '../../models/package/model-package.js';
import { compareWithReference } from './compare-with-reference.js';
import { recordReferenceTrace } from './reference-trace.js';
import { prepareSamplePrompts } from './sample-prompts.js';
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
  try {
    measured = await measureSpeed(model, onProgress, task.caches);
  } finally {
    await model.close();
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const comparison =
    task.trace.role === 'none' ? null : await traceLayers(modelPackage, task, onProgress);
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
    await recordReferenceTrace(
      model,
      prepareSamplePrompts(model.manifest, model.tokenizer),
      trace.folder,
      onProgress,
    );
  }
  return null;
}
