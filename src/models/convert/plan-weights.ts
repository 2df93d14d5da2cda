import {
  type WeightEncoding,
  PACKAGE_FILES,
  fourBitBlockSize,
  type CacheEncoding,
  type EmbeddingsManifest,
  type Precision,
} from '../package/manifest.js';
import type { Architecture } from './checkpoint/architecture.js';
import { emitDecoderGraph, emitHeadGraph, headTensor } from './graph/decoder-graph.js';
import { GraphBuilder } from './graph/graph-builder.js';
import { type EmitLinear, createLinear } from './graph/linear.js';
import { encodeOnnxModel } from './graph/onnx-model.js';
import { emitVisionGraph } from './graph/vision-graph.js';
import {
  type EmitConstant,
  createConstant,
  WeightLayout,
  type WeightSlot,
} from './graph/weight-layout.js';

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
    const gateAndUp = encoding.kind === 'blocks' ? 'fused' : 'separate';
    emitDecoderGraph(decoder, { ...context, cache, gateAndUp });
  });
  plan('head', head, (context) => {
    emitHeadGraph(decoder, context);
  });
  if (prefill) {
    plan('prefill', prefill, (context) => {
      emitDecoderGraph(decoder, { ...context, cache, gateAndUp: 'separate' });
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

/** How the parts of a package are stored. */
export interface Encodings {
  readonly vision: WeightEncoding;
  readonly decoder: WeightEncoding;
  readonly head: WeightEncoding;
  /** `rescored`: the head's rows are kept a second time in eight bits, for the likeliest tokens. */
  readonly headRows: 'rescored' | 'exact';
  readonly cache: CacheEncoding;
  /** Null: there is no graph of its own for prompts. */
  readonly prefill: WeightEncoding | null;
  readonly embeddings: EmbeddingsManifest['dtype'];
}

const FLOAT32: WeightEncoding = { kind: 'float32' };
const INT8_ROWS: WeightEncoding = { kind: 'int8-rows' };

/**
 * What a precision means for each part. A checkpoint that comes in four bits keeps its own groups, so that
 * nothing is rounded a second time.
 */
export function chooseEncodings(
  precision: Precision,
  { quantization, decoder: { hiddenSize } }: Architecture,
): Encodings {
  if (precision === 'fp32') {
    return {
      ...{ vision: FLOAT32, decoder: FLOAT32, head: FLOAT32, prefill: null },
      ...{ headRows: 'exact', cache: 'float32', embeddings: 'float32' },
    };
  }
  const fourBits = (blockSize: number): WeightEncoding => ({
    ...{ kind: 'blocks', bits: 4, blockSize, accuracyLevel: 4 },
  });
  const blockSize = fourBitBlockSize(hiddenSize);
  return {
    vision: INT8_ROWS,
    decoder:
      precision === 'int8'
        ? INT8_ROWS
        : fourBits(quantization.kind === 'gptq' ? quantization.groupSize : blockSize),
    // Half the bytes of every step that eight bits would take; the likeliest tokens are scored again, so that long blocks do.
    head: fourBits(2 * blockSize),
    headRows: 'rescored',
    prefill: precision === 'mixed' ? INT8_ROWS : null,
    cache: 'int8-rows',
    embeddings: 'int8',
  };
}
