import { readFile } from 'node:fs/promises';

import { type GraphName, loadModel } from '../../engine/load-model.js';
import type { LoadedModel } from '../../engine/loaded-model.js';
import { PACKAGE_FILES } from '../../models/package/manifest.js';
import type { ModelPackage } from '../../models/package/model-package.js';
import { type GraphSession, loadGraph } from '../../runtime/graph-session.js';
import { exposeResidualStream } from './residual-stream.js';
import type { TracedModel } from './trace-model.js';

export interface TracedModelOptions {
  readonly threads: number;
  /** `layers` copies the residual stream after every layer, which makes each run slower. */
  readonly depth: 'outputs' | 'layers';
}

/** Loads a model in this process, with access to its layer outputs. @throws MODEL_INVALID */
export async function loadTracedModel(
  modelPackage: ModelPackage,
  { threads, depth }: TracedModelOptions,
): Promise<TracedModel & LoadedModel> {
  const { vision, decoder } = modelPackage.manifest;
  const path = (graph: GraphName) => modelPackage.filePath(PACKAGE_FILES[graph]);
  // Layer outputs of the last run: of the vision encoder, and of either decoder graph (prefill or step).
  let visionLayers: readonly Float32Array[] = [];
  let decoderLayers: readonly Float32Array[] = [];
  const loadWithLayerOutputs = async (
    graph: GraphName,
    length: number,
    onOutputs: (values: readonly Float32Array[]) => void,
  ): Promise<GraphSession> => {
    const { model, outputs } = exposeResidualStream(await readFile(path(graph)));
    const session = await loadGraph(path(graph), { threads, graph: model });
    return observeGraph(session, outputs, length, onOutputs);
  };
  const tileValues = vision ? vision.sequenceLength * vision.hiddenSize : 0;
  const open = (graph: GraphName): Promise<GraphSession> => {
    if (depth === 'layers' && graph === 'vision') {
      return loadWithLayerOutputs(graph, tileValues, (values) => (visionLayers = values));
    }
    if (depth === 'layers' && graph !== 'head') {
      return loadWithLayerOutputs(graph, decoder.hiddenSize, (values) => (decoderLayers = values));
    }
    return loadGraph(path(graph), { threads });
  };
  const model = await loadModel(modelPackage, open);
  return {
    ...model,
    visionLayers: () => visionLayers,
    decoderLayers: () => decoderLayers,
  };
}

/**
 * A session that also reports some of its float outputs after every run.
 *
 * @param length number of values to copy from the end of each output.
 * @param onOutputs receives the copies in the order of `outputs`.
 */
export function observeGraph(
  session: GraphSession,
  outputs: readonly string[],
  length: number,
  onOutputs: (values: readonly Float32Array[]) => void,
): GraphSession {
  return {
    ...session,
    async run(inputs) {
      const results = await session.run(inputs);
      onOutputs(
        outputs.map((name) => {
          const output = results[name];
          if (output?.type !== 'float32') throw new TypeError(`Output ${name} is not float32.`);
          // Copy: a view would keep the whole output in memory.
          return output.data.slice(-length);
        }),
      );
      return results;
    },
  };
}
