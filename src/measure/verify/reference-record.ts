import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PromptSegment } from '../../language/build-prompt.js';
import { topId } from './compare-logits.js';
import { createTrace } from './trace-file.js';
import { traceModel, type TracedModel } from './trace-model.js';

/** A canned prompt as the reference's tokenizer has it, and the reference's greedy answer. */
export interface RecordedPrompt {
  readonly language: string;
  readonly shows: 'picture' | 'nothing';
  readonly chunks: readonly PromptSegment[];
  /** The stop token included, where one came. */
  readonly answerIds: readonly number[];
}

/** Tokens of each answer: enough to drift apart in, and seconds for the largest models. */
export const MAX_TRACED_TOKENS = 24;

const INDEX = 'reference.json';
const VALUES = 'reference.bin';

/** The values of a record, in the order in which `traceModel` comes by them. */
export function recordedValuesPath(folder: string): string {
  return join(folder, VALUES);
}

/**
 * Lets the reference answer the prompts greedily, without penalties or temperature, and keeps in `folder` what the next model
 * is compared with: the picture's embeddings, and for every token the scores and, where they are watched, the layers.
 */
export async function recordReference(
  model: TracedModel,
  prompts: readonly Omit<RecordedPrompt, 'answerIds'>[],
  folder: string,
  onProgress: (step: string) => void,
): Promise<void> {
  const trace = await createTrace(recordedValuesPath(folder));
  const answers = prompts.map((): number[] => []);
  try {
    await traceModel(
      model,
      prompts.map(({ chunks }) => chunks),
      {
        async onImage(embeddings, layers) {
          for (const values of [embeddings.data, ...layers]) await trace.write(values);
        },
        async chooseToken(prompt, logits, layers) {
          for (const values of [logits, ...layers]) await trace.write(values);
          const answer = answers[prompt] ?? [];
          const id = topId(logits);
          answer.push(id);
          const isOver = model.manifest.tokens.eos.includes(id);
          return isOver || answer.length >= MAX_TRACED_TOKENS ? null : id;
        },
      },
      onProgress,
    );
  } finally {
    await trace.close();
  }
  const recorded = prompts.map((prompt, index) => ({ ...prompt, answerIds: answers[index] ?? [] }));
  await writeFile(join(folder, INDEX), JSON.stringify(recorded satisfies RecordedPrompt[]));
}

/** What `recordReference` wrote, in a folder that this process made. */
export async function readRecordedPrompts(folder: string): Promise<RecordedPrompt[]> {
  return JSON.parse(await readFile(join(folder, INDEX), 'utf8')) as RecordedPrompt[];
}
