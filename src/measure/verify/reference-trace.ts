import { readFile, writeFile, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

import type { PromptSegment } from '../../language/build-prompt.js';
import { topId } from './error-metrics.js';
import { MAX_TRACED_TOKENS } from './sample-prompts.js';
import { traceModel, type TracedModel } from './trace-model.js';

/** A sample prompt in the reference's token ids, and the reference's greedy answer. */
export interface TracedPrompt {
  readonly language: string;
  readonly hasImage: boolean;
  readonly segments: readonly PromptSegment[];
  /** Ends with the stop token unless the answer reached MAX_TRACED_TOKENS. */
  readonly answerIds: readonly number[];
}

const INDEX = 'reference.json';
const VALUES = 'reference.bin';

/** The file of recorded values, in the order in which `traceModel` visits them. */
export function traceValuesPath(folder: string): string {
  return join(folder, VALUES);
}

/**
 * Records the reference's greedy answers, without penalties or temperature. Writes to `folder` the image features and,
 * for every generated token, the logits and the layer outputs if the model exposes them.
 */
export async function recordReferenceTrace(
  model: TracedModel,
  prompts: readonly Omit<TracedPrompt, 'answerIds'>[],
  folder: string,
  onProgress: (step: string) => void,
): Promise<void> {
  const trace = await createTrace(traceValuesPath(folder));
  const answers = prompts.map((): number[] => []);
  try {
    await traceModel(
      model,
      { prompts: prompts.map(({ segments }) => segments), detail: 'auto' },
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
  await writeFile(join(folder, INDEX), JSON.stringify(recorded satisfies TracedPrompt[]));
}

/** Reads the index that `recordReferenceTrace` wrote. It is not validated: this program has just written it. */
export async function readTracedPrompts(folder: string): Promise<TracedPrompt[]> {
  return JSON.parse(await readFile(join(folder, INDEX), 'utf8')) as TracedPrompt[];
}

/** Appends vectors of float32. */
interface TraceWriter {
  write(values: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** Reads the vectors in the order in which they were written. */
interface TraceReader {
  /** @throws RangeError at the end of the file. */
  read(length: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Creates a trace on disk, not in memory: the logits of a large vocabulary take hundreds of megabytes, which the model
 * that is compared needs.
 *
 * @param path must not exist yet.
 */
async function createTrace(path: string): Promise<TraceWriter> {
  const file = await open(path, 'wx');
  return {
    async write(values) {
      await file.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    },
    close: () => file.close(),
  };
}

export async function openTrace(path: string): Promise<TraceReader> {
  const file = await open(path, 'r');
  return {
    read: (length) => readFloats(file, length),
    close: () => file.close(),
  };
}

async function readFloats(file: FileHandle, length: number): Promise<Float32Array> {
  const bytes = new Uint8Array(length * Float32Array.BYTES_PER_ELEMENT);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
    if (bytesRead === 0) throw new RangeError('The trace ends before the requested values.');
    filled += bytesRead;
  }
  return new Float32Array(bytes.buffer);
}
