import { type WeightEncoding, PACKAGE_FILES } from '../package/manifest.js';
import type { Architecture } from './architecture.js';
import type { Encodings } from './choose-encodings.js';
import { emitDecoderGraph, emitHeadGraph, headTensor } from './decoder-graph.js';
import { GraphBuilder } from './graph-builder.js';
import { type EmitLinear, createLinear } from './linear.js';
import { encodeOnnxModel } from './onnx-model.js';
import { emitVisionGraph } from './vision-graph.js';
import { type EmitConstant, createConstant, WeightLayout } from './weight-layout.js';
import type { WeightSlot } from './weight-slot.js';

/** Some of a package's files: those known to the last byte, and those that slots fill. */
interface PlannedFiles {
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly weightFiles: ReadonlyMap<string, number>;
  readonly slots: readonly WeightSlot[];
}

interface GraphContext {
  readonly graph: GraphBuilder;
  readonly linear: EmitLinear;
  readonly constant: EmitConstant;
  readonly layout: WeightLayout;
}

/** The graphs of a package and the layout of the weights beside them. */
export function planGraphs(
  { vision, decoder }: Architecture,
  { vision: visionEncoding, decoder: encoding, head, prefill, cache }: Encodings,
): PlannedFiles {
  const contents = new Map<string, Uint8Array>();
  const weightFiles = new Map<string, number>();
  const slots: WeightSlot[] = [];
  const plan = (
    name: 'vision' | 'decoder' | 'prefill' | 'head',
    layers: WeightEncoding,
    emit: (context: GraphContext) => void,
  ): void => {
    const graph = new GraphBuilder(name);
    const layout = new WeightLayout(PACKAGE_FILES[`${name}Weights`]);
    const [linear, constant] = [createLinear(layers, graph, layout), createConstant(graph, layout)];
    emit({ graph, linear, constant, layout });
    contents.set(PACKAGE_FILES[name], encodeOnnxModel(graph.build()));
    weightFiles.set(layout.file, layout.bytes);
    slots.push(...layout.slots);
  };

  if (vision) {
    plan('vision', visionEncoding, (context) => {
      emitVisionGraph(vision, decoder.hiddenSize, context);
    });
  }
  plan('decoder', encoding, (context) => {
    const gateAndUp = encoding.kind === 'blocks' ? 'stacked' : 'apart';
    emitDecoderGraph(decoder, { ...context, cache, gateAndUp });
  });
  plan('head', head, (context) => {
    emitHeadGraph(decoder, context);
  });
  if (prefill) {
    plan('prefill', prefill, (context) => {
      emitDecoderGraph(decoder, { ...context, cache, gateAndUp: 'apart' });
    });
  }
  return { contents, weightFiles, slots };
}

/** Where the host finds the rows of the head; null: nowhere. */
export function headRowsFile(
  { outputHead }: Architecture['decoder'],
  { headRows }: Encodings,
): string | null {
  if (headRows === 'exact') return null;
  return outputHead === 'own' ? PACKAGE_FILES.headRows : PACKAGE_FILES.tokenEmbeddings;
}

/**
 * The tables that the host reads by itself: a row for each token that comes in, one for each that may come out, and the
 * column that ends a row of a picture.
 */
export function planTables({ vision, decoder }: Architecture, encodings: Encodings): PlannedFiles {
  const { vocabularySize, hiddenSize } = decoder;
  const { embeddings } = encodings;
  const rowBytes = embeddings === 'float32' ? hiddenSize * 4 : hiddenSize + 4;
  const weightFiles = new Map([[PACKAGE_FILES.tokenEmbeddings, vocabularySize * rowBytes]] as [
    string,
    number,
  ][]);
  const slots: WeightSlot[] = [
    {
      tensor: 'language_model.embed_tokens.weight',
      shape: [vocabularySize, hiddenSize],
      file: PACKAGE_FILES.tokenEmbeddings,
      placement: {
        kind: embeddings === 'float32' ? 'float32-rows' : 'int8-rows',
        offset: 0,
      },
    },
  ];
  if (headRowsFile(decoder, encodings) === PACKAGE_FILES.headRows) {
    weightFiles.set(PACKAGE_FILES.headRows, vocabularySize * (hiddenSize + 4));
    slots.push({
      tensor: headTensor(decoder),
      shape: [vocabularySize, hiddenSize],
      file: PACKAGE_FILES.headRows,
      placement: { kind: 'int8-rows', offset: 0 },
    });
  }
  if (vision) {
    weightFiles.set(PACKAGE_FILES.imageNewline, hiddenSize * 4);
    slots.push({
      tensor: 'image_newline',
      shape: [hiddenSize],
      file: PACKAGE_FILES.imageNewline,
      placement: { kind: 'float32-rows', offset: 0 },
    });
  }
  return { contents: new Map(), weightFiles, slots };
}
