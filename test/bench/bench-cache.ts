import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DecoderArchitecture } from '../../src/conversion/architecture.js';
import { readCheckpointFiles } from '../../src/conversion/checkpoint-files.js';
import {
  emitAttentionShapes,
  emitCachedAttention,
} from '../../src/conversion/decoder-attention.js';
import { GraphBuilder } from '../../src/conversion/graph-builder.js';
import { encodeOnnxModel } from '../../src/conversion/onnx-model.js';
import { parseArchitecture } from '../../src/conversion/parse-architecture.js';
import { createRopeTables } from '../../src/decoder/rope-table.js';
import { type GraphSession, type GraphTensor, loadGraph } from '../../src/runtime/graph-session.js';
import { createTensor } from '../../src/tensor/tensor.js';
import type { ModelParts } from '../converted-model.js';
import { fillWithNoise } from './bench-model.js';
import { type BenchRow, measureMs } from './timing.js';

const CAPACITIES = [128, 1024, 4096];
const SHORT_CONTEXT = 64;
/** Steps of one measurement: a single one is shorter than the clock's noise. */
const STEPS = 8;
const MASKED = -1e9;

/**
 * What a longer cache costs a decode step, and why: the whole step, the attention of all layers alone, and the
 * same attention when the graph also returns the cache, which is what this project does not do.
 *
 * Capacities may exceed the model's positions: the cache and the rotary tables are the host's.
 */
export async function benchCache(
  model: ModelParts,
  checkpoint: string,
  runs: number,
): Promise<BenchRow[]> {
  const files = await readCheckpointFiles(checkpoint);
  const { decoder } = parseArchitecture(files.config, files.generation);
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-bench-'));
  const attention = await loadAttention(decoder, folder, 'new rows');
  const returning = await loadAttention(decoder, folder, 'whole cache');
  const width = (decoder.attentionHeads + 2 * decoder.keyValueHeads) * decoder.headDim;
  const rows: BenchRow[] = [];
  const stepMs: number[] = [];
  const attentionMs: number[] = [];
  try {
    for (const capacity of CAPACITIES) {
      const time = async (session: GraphSession, inputWidth: number, filled: number) => {
        const inputs = stepInputs(decoder, { capacity, filled, inputWidth });
        const ms = await measureMs(runs, async () => {
          for (let step = 0; step < STEPS; step++) await session.run(inputs);
        });
        return ms / STEPS;
      };
      const add = (measure: string, condition: string, value: number, unit: BenchRow['unit']) =>
        rows.push({ measure, model: model.manifest.precision, condition, value, unit });
      const slots = `${capacity} slots`;
      const full = await time(model.decoderSession, decoder.hiddenSize, capacity);
      const padded = await time(model.decoderSession, decoder.hiddenSize, SHORT_CONTEXT);
      const alone = await time(attention, width, capacity);
      const withCache = await time(returning, width, capacity);
      stepMs.push(full);
      attentionMs.push(alone);
      add('decode step', `${slots}, all filled`, full, 'ms');
      add('decode step', `${slots}, ${SHORT_CONTEXT} filled, the rest padding`, padded, 'ms');
      add('attention alone', slots, alone, 'ms');
      add('attention alone, cache returned', slots, withCache, 'ms');
      add('keys and values', slots, cacheBytes(decoder, capacity) / 1e6, 'MB');
    }
  } finally {
    await Promise.all([attention.close(), returning.close()]);
    await rm(folder, { recursive: true });
  }
  const ends = `${CAPACITIES.at(-1)!} against ${CAPACITIES[0]!} slots`;
  const summary = { model: model.manifest.precision, condition: ends };
  const added = (ms: readonly number[]) => ms.at(-1)! - ms[0]!;
  return [
    ...rows,
    { ...summary, measure: 'added to a decode step', value: added(stepMs), unit: 'ms' },
    { ...summary, measure: 'added to attention alone', value: added(attentionMs), unit: 'ms' },
    { ...summary, measure: 'decode step', value: stepMs.at(-1)! / stepMs[0]!, unit: 'ratio' },
  ];
}

/** A graph of nothing but the decoder's attention, every layer on the same rows. */
async function loadAttention(
  decoder: DecoderArchitecture,
  folder: string,
  returns: 'new rows' | 'whole cache',
): Promise<GraphSession> {
  const graph = new GraphBuilder('attention');
  const { headDim, keyValueHeads, attentionHeads } = decoder;
  const width = (attentionHeads + 2 * keyValueHeads) * headDim;
  graph.input('inputs_embeds', 'float32', ['batch', 'sequence', width]);
  graph.input('position_ids', 'int64', ['batch', 'sequence']);
  graph.input('rope_cos', 'float32', ['positions', headDim / 2]);
  graph.input('rope_sin', 'float32', ['positions', headDim / 2]);
  graph.input('attention_bias', 'float32', ['batch', 1, 1, 'sequence', 'total']);
  const shapes = emitAttentionShapes(decoder, graph);
  for (let layer = 0; layer < decoder.layers; layer++) {
    const mixed = emitCachedAttention(decoder, graph, shapes, layer, 'inputs_embeds');
    graph.output(mixed, 'float32', ['batch', 'sequence', attentionHeads * headDim]);
    if (returns === 'new rows') continue;
    for (const part of ['key', 'value']) {
      const name = `${layer}.${part}`;
      const both = [`past.${name}`, `present.${name}`];
      graph.emit('Concat', both, `cache.${name}`, { axis: { int: 2 } });
      graph.output(`cache.${name}`, 'float32', ['batch', keyValueHeads, 'total', headDim]);
    }
  }
  const path = join(folder, `${returns}.onnx`);
  await writeFile(path, encodeOnnxModel(graph.build()));
  return loadGraph(path, { threads: availableParallelism() });
}

/** One new position after `filled` of `capacity` slots. */
function stepInputs(
  decoder: DecoderArchitecture,
  { capacity, filled, inputWidth }: Record<'capacity' | 'filled' | 'inputWidth', number>,
): Record<string, GraphTensor> {
  const { cos, sin } = createRopeTables(decoder)(filled + 1);
  const bias = new Float32Array(capacity + 1).fill(MASKED, filled, capacity);
  const inputs: Record<string, GraphTensor> = {
    inputs_embeds: float32(fillWithNoise(createTensor([1, 1, inputWidth]))),
    position_ids: { type: 'int64', shape: [1, 1], data: BigInt64Array.of(BigInt(filled)) },
    rope_cos: float32(cos),
    rope_sin: float32(sin),
    attention_bias: float32(createTensor([1, 1, 1, 1, capacity + 1], bias)),
  };
  for (let layer = 0; layer < decoder.layers; layer++) {
    for (const part of ['key', 'value']) {
      const cache = createTensor([1, decoder.keyValueHeads, capacity, decoder.headDim]);
      inputs[`past.${layer}.${part}`] = float32(fillWithNoise(cache));
    }
  }
  return inputs;
}

function float32(tensor: { readonly shape: readonly number[]; readonly data: Float32Array }) {
  return { type: 'float32', ...tensor } as const;
}

function cacheBytes(decoder: DecoderArchitecture, capacity: number): number {
  const { layers, keyValueHeads, headDim } = decoder;
  return 2 * layers * keyValueHeads * headDim * capacity * Float32Array.BYTES_PER_ELEMENT;
}
