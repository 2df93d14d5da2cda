import type { Sequence } from '../../src/decoder/decoder.js';
import { type LoadedNetwork, loadNetwork } from '../../src/engine/load-model.js';
import { PACKAGE_FILES } from '../../src/models/package/manifest.js';
import type { ModelPackage } from '../../src/models/package/model-package.js';
import { loadGraph } from '../../src/runtime/graph-session.js';
import { createTensor } from '../../src/tensor/tensor.js';
import { createNoise, TINY } from './tiny-checkpoint.js';

const { hidden, tokens } = TINY.decoder;

/** How a text is split into decoder runs. */
export interface DecodeSplit {
  /** Positions of each run. A run of one position is a decode step. */
  readonly chunks: readonly number[];
  /** Positions of a prefix snapshot that the sequence continues from. */
  readonly prefix?: number;
  /** Prompt positions of further sequences in the same decode batch; 0 for none. */
  readonly otherPositions?: number;
}

/** Loads a package on one thread. */
export function loadTinyModel(modelPackage: ModelPackage): Promise<LoadedNetwork> {
  return loadNetwork(modelPackage, (graph) =>
    loadGraph(modelPackage.filePath(PACKAGE_FILES[graph]), { threads: 1 }),
  );
}

/** Runs a text through decoder and output head. @returns logits and the number of positions after each run */
export async function decodeInRuns(
  { decoder, tokenEmbeddings }: LoadedNetwork,
  ids: readonly number[],
  { chunks, prefix = 0, otherPositions = 0 }: DecodeSplit,
): Promise<{ readonly positions: number; readonly logits: Float32Array }[]> {
  const first = decoder.createSequence();
  if (prefix > 0) await decoder.prefill(first, tokenEmbeddings.embed(ids.slice(0, prefix)));
  const snapshot = decoder.snapshotPrefix(first, prefix);
  const sequence = prefix > 0 ? decoder.createSequence(snapshot) : first;
  const others: Sequence[] = [];
  for (const other of prefix > 0
    ? [decoder.createSequence(), decoder.createSequence(snapshot)]
    : [decoder.createSequence()]) {
    if (otherPositions === 0) break;
    const otherIds = Array.from({ length: otherPositions }, (_, i) => (ids[i]! * 7 + 3) % tokens);
    await decoder.prefill(other, tokenEmbeddings.embed(otherIds));
    others.push(other);
  }
  const results: { positions: number; logits: Float32Array }[] = [];
  let positions = prefix;
  for (const length of chunks) {
    const next = ids.slice(positions, positions + length);
    positions += length;
    const [logits] =
      length > 1
        ? await decoder.logits([await decoder.prefill(sequence, tokenEmbeddings.embed(next))])
        : await decoder.step(
            [sequence, ...others].map((member) => ({ sequence: member, id: next[0]! })),
          );
    results.push({ positions, logits: logits! });
  }
  return results;
}

/** Pseudo-random embeddings, `[count, hidden]`. */
export function noiseEmbeddings(count: number, seed: number) {
  const values = Float32Array.from({ length: count * hidden }, createNoise(seed));
  return createTensor([count, hidden], values);
}
