import { readFile } from 'node:fs/promises';

import { type GraphName, loadModel } from '../../engine/load-model.js';
import type { LoadedModel } from '../../engine/loaded-model.js';
import { PACKAGE_FILES } from '../../models/package/manifest.js';
import type { ModelPackage } from '../../models/package/model-package.js';
import { type GraphSession, loadGraph } from '../../runtime/graph-session.js';
import type { ComparisonDepth } from './examination.js';
import { observeGraph } from './observe-graph.js';
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
  const path = (graph: GraphName) => modelPackage.filePath(PACKAGE_FILES[graph]);
  /** What the layers passed on in the last run of the tower, and in the last of any graph of the decoder. */
  let tower: readonly Float32Array[] = [];
  let layers: readonly Float32Array[] = [];
  const watch = async (
    graph: GraphName,
    length: number,
    keep: (values: readonly Float32Array[]) => void,
  ): Promise<GraphSession> => {
    const { model, outputs } = exposeResidualStream(await readFile(path(graph)));
    const session = await loadGraph(path(graph), { threads, graph: model });
    return observeGraph(session, outputs, length, keep);
  };
  const patches = vision ? vision.patchesPerSide ** 2 * vision.hiddenSize : 0;
  const open = (graph: GraphName): Promise<GraphSession> => {
    if (depth === 'layers' && graph === 'vision') {
      return watch(graph, patches, (values) => (tower = values));
    }
    if (depth === 'layers' && graph !== 'head') {
      return watch(graph, decoder.hiddenSize, (values) => (layers = values));
    }
    return loadGraph(path(graph), { threads });
  };
  const model = await loadModel(modelPackage, open);
  return {
    ...model,
    visionLayers: () => tower,
    decoderLayers: () => layers,
  };
}
