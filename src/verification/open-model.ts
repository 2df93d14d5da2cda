import { readFile } from 'node:fs/promises';

import { type LoadedModel, loadModel } from '../engine/load-model.js';
import { PACKAGE_FILES } from '../model-store/manifest.js';
import type { ModelPackage } from '../model-store/model-package.js';
import { loadGraph } from '../runtime/graph-session.js';
import type { ComparisonDepth } from './examination.js';
import { type GraphTap, observeGraph } from './observe-graph.js';
import { exposeResidualStream } from './residual-outputs.js';
import type { TracedModel } from './trace-model.js';

export interface OpenModelOptions {
  readonly threads: number;
  /** `layers` copies what every layer passes on, which takes time of its own. */
  readonly depth: ComparisonDepth;
}

/** A model without the processes around it, open to somebody who looks between its layers. @throws MODEL_INVALID */
export async function openModel(
  modelPackage: ModelPackage,
  { threads, depth }: OpenModelOptions,
): Promise<TracedModel & LoadedModel> {
  const { vision, decoder } = modelPackage.manifest;
  const path = (graph: 'vision' | 'decoder' | 'prefill') =>
    modelPackage.filePath(PACKAGE_FILES[graph]);
  const watch = async (graph: 'vision' | 'decoder', length: number): Promise<GraphTap> => {
    const { model, outputs } = exposeResidualStream(await readFile(path(graph)));
    return observeGraph(await loadGraph(path(graph), { threads, graph: model }), outputs, length);
  };
  const patches = vision ? vision.patchesPerSide ** 2 * vision.hiddenSize : 0;
  const tower = vision && depth === 'layers' ? await watch('vision', patches) : null;
  const decode = depth === 'layers' ? await watch('decoder', decoder.hiddenSize) : null;
  const watched = { vision: tower, decoder: decode, prefill: null };
  const model = await loadModel(modelPackage, async (graph) => {
    return watched[graph]?.session ?? (await loadGraph(path(graph), { threads }));
  });
  return {
    ...model,
    towerLayers: () => tower?.lastValues() ?? [],
    decoderLayers: () => decode?.lastValues() ?? [],
  };
}
