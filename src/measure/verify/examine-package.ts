import { type MeasuredSpeed, measureSpeed } from '../doctor/measure-speed.js';
import { describeCosts } from '../../engine/model-costs.js';
import { buildRequestPrompt } from '../../engine/prompts.js';
import type { PromptSegment } from '../../language/build-prompt.js';
import { loadModelPackage, type ModelPackage } from '../../models/package/model-package.js';
import { cannedPrompts } from './canned-prompts.js';
import { compareWithReference } from './compare-with-reference.js';
import type { Comparison, Examination, ExaminationTask } from './examination.js';
import { openModel } from './open-model.js';
import { MAX_TRACED_TOKENS, recordReference } from './reference-record.js';
import type { TracedModel } from './trace-model.js';

/**
 * Loads a package, times it and takes it through the canned prompts. The most memory that this process has had is part of
 * the result, so it is to be a new one. @throws MODEL_NOT_FOUND, MODEL_INVALID
 */
export async function examinePackage(
  task: ExaminationTask,
  onProgress: (step: string) => void,
): Promise<Examination> {
  const startMs = performance.now();
  onProgress('verifying');
  const modelPackage = await loadModelPackage(task.packageDirectory);
  onProgress('loading');
  const model = await openModel(modelPackage, { threads: task.threads, depth: 'outputs' });
  const loadMs = performance.now() - startMs;
  let measured: MeasuredSpeed;
  let comparison: Comparison | null = null;
  try {
    measured = await measureSpeed(model, onProgress);
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

/** Loaded anew, since watching layers would slow down what is timed and take memory of its own. */
async function traceLayers(
  modelPackage: ModelPackage,
  task: ExaminationTask,
  onProgress: (step: string) => void,
): Promise<Comparison | null> {
  const model = await openModel(modelPackage, { threads: task.threads, depth: 'layers' });
  try {
    return await traceAnswers(model, task, onProgress);
  } finally {
    await model.close();
  }
}

async function traceAnswers(
  model: TracedModel,
  { trace }: ExaminationTask,
  onProgress: (step: string) => void,
): Promise<Comparison | null> {
  if (trace.role === 'compare') return await compareWithReference(model, trace.folder, onProgress);
  if (trace.role === 'record') {
    await recordReference(model, preparePrompts(model), trace.folder, onProgress);
  }
  return null;
}

/** The canned prompts in the model's ids; those that leave no room for an answer are left out. */
function preparePrompts({ manifest, tokenizer, vision }: TracedModel) {
  const abilities = { sees: vision !== null, chats: tokenizer.renderTemplate !== null };
  const { maxPositions } = manifest.decoder;
  return cannedPrompts(abilities).flatMap(({ language, shows, conversation }) => {
    const chunks = buildRequestPrompt(conversation, tokenizer);
    // The picture itself may take half of the context.
    const room = shows === 'picture' ? maxPositions / 2 : maxPositions;
    return countIds(chunks) + MAX_TRACED_TOKENS <= room ? [{ language, shows, chunks }] : [];
  });
}

function countIds(chunks: readonly PromptSegment[]): number {
  return chunks.reduce((sum, chunk) => sum + (chunk.kind === 'text' ? chunk.ids.length : 0), 0);
}
