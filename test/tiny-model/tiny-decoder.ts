import type { Sequence } from '../../src/decoder/decoder.js';
import { loadNetwork } from '../../src/engine/load-model.js';
import type { LoadedModel } from '../../src/engine/loaded-model.js';
import { PACKAGE_FILES } from '../../src/models/package/manifest.js';
import type { ModelPackage } from '../../src/models/package/model-package.js';
import { loadGraph } from '../../src/runtime/graph-session.js';
import { createTensor } from '../../src/tensor/tensor.js';
import { createNoise, TINY } from './tiny-checkpoint.js';

const { hidden, tokens } = TINY.decoder;

/** How a text is split into runs of the decoder. */
export interface TinyWay {
  /** Positions of each run. A run of one position is a decode step. */
  readonly chunks: readonly number[];
  /** Positions of a cached prefix, which another sequence shares. */
  readonly prefix?: number;
  /** Positions of another sequence, which decodes in the same batch. */
  readonly beside?: number;
}

type Network = Omit<LoadedModel, 'tokenizer'>;

/** Loads a package on one thread. */
export function openTiny(modelPackage: ModelPackage): Promise<Network> {
  return loadNetwork(modelPackage, (graph) =>
    loadGraph(modelPackage.filePath(PACKAGE_FILES[graph]), { threads: 1 }),
  );
}

/** Runs a text through decoder and head. @returns the logits and the number of positions after each run */
export async function decodeTiny(
  { decoder, tokenEmbeddings }: Network,
  ids: readonly number[],
  { chunks, prefix = 0, beside = 0 }: TinyWay,
): Promise<{ readonly positions: number; readonly scores: Float32Array }[]> {
  const first = decoder.createSequence();
  if (prefix > 0) await decoder.prefill(first, tokenEmbeddings.embed(ids.slice(0, prefix)));
  const frozen = decoder.snapshotPrefix(first, prefix);
  const sequence = prefix > 0 ? decoder.createSequence(frozen) : first;
  const others: Sequence[] = [];
  for (const other of prefix > 0
    ? [decoder.createSequence(), decoder.createSequence(frozen)]
    : [decoder.createSequence()]) {
    if (beside === 0) break;
    const read = Array.from({ length: beside }, (_, i) => (ids[i]! * 7 + 3) % tokens);
    await decoder.prefill(other, tokenEmbeddings.embed(read));
    others.push(other);
  }
  const results: { positions: number; scores: Float32Array }[] = [];
  let positions = prefix;
  for (const length of chunks) {
    const next = ids.slice(positions, positions + length);
    positions += length;
    const [scores] =
      length > 1
        ? await decoder.logits([await decoder.prefill(sequence, tokenEmbeddings.embed(next))])
        : await decoder.step([sequence, ...others].map((one) => ({ sequence: one, id: next[0]! })));
    results.push({ positions, scores: scores! });
  }
  return results;
}

/** Embeddings of another text. */
export function tinyNoise(count: number, seed: number) {
  const values = Float32Array.from({ length: count * hidden }, createNoise(seed));
  return createTensor([count, hidden], values);
}
