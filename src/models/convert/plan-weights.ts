import {
  type WeightEncoding,
  PACKAGE_FILES,
  fourBitBlockSize,
  type CacheEncoding,
  type EmbeddingsManifest,
  type Precision,
} from '../package/manifest.js';
import type {
  Architecture,
  CheckpointQuantization,
  IntegerQuantization,
} from './checkpoint/architecture.js';
import { emitDecoderGraph, emitHeadGraph } from './graph/decoder-graph.js';
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

/** Encodings of the weight matrices of a package. */
export interface Encodings {
  readonly vision: WeightEncoding;
  readonly decoder: WeightEncoding;
  readonly head: WeightEncoding;
  /** `rescored`: the package also has the output head as int8 rows, to recompute the highest logits. */
  readonly headRows: 'rescored' | 'exact';
  readonly cache: CacheEncoding;
  /** `null` if there is no `prefill.onnx`. */
  readonly prefill: WeightEncoding | null;
  readonly embeddings: EmbeddingsManifest['dtype'];
}

const FLOAT32: WeightEncoding = { kind: 'float32' };
const INT8_ROWS: WeightEncoding = { kind: 'int8-rows' };

/** The encodings of a precision. */
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
  const blockSize = fourBitBlockSize(hiddenSize);
  return {
    vision: INT8_ROWS,
    decoder: precision === 'int8' ? INT8_ROWS : decoderBlocks(quantization, blockSize),
    // 4 bits halve the memory traffic of the head per decode step compared with 8 bits. Large blocks are accurate
    // enough, because the highest logits are recomputed from the int8 rows.
    head: fourBits(2 * blockSize, 'middle'),
    headRows: 'rescored',
    prefill: precision === 'mixed' ? INT8_ROWS : null,
    cache: 'int8-rows',
    embeddings: 'int8',
  };
}

function fourBits(blockSize: number, zeroPoints: 'middle' | 'stored'): WeightEncoding {
  return { kind: 'blocks', bits: 4, blockSize, zeroPoints, accuracyLevel: 4 };
}

/** Block sizes of MatMulNBits, largest first. */
const BLOCK_SIZES = [256, 128, 64, 32, 16];

/** Blocks of the decoder. They store the weights of a 4-bit checkpoint without change if they can. */
function decoderBlocks(quantization: CheckpointQuantization, blockSize: number): WeightEncoding {
  if (unchangedPrecision(quantization) !== 'int4') return fourBits(blockSize, 'middle');
  const { groupSize, zeroPoints } = quantization as IntegerQuantization;
  return fourBits(fittingBlock(groupSize) ?? blockSize, zeroPoints);
}

/** The largest blocks that are parts of groups. */
function fittingBlock(groupSize: number | null): number | undefined {
  return BLOCK_SIZES.find((size) => groupSize !== null && groupSize % size === 0);
}

/**
 * The precision that stores the weights of a quantized checkpoint without change. `int8` has a scale per row and no
 * zero points. `null` if there is none but `fp32`.
 */
function unchangedPrecision(quantization: CheckpointQuantization): Precision | null {
  if (quantization.kind !== 'integers' || quantization.groups === 'listed') return null;
  const { bits, groupSize, zeroPoints } = quantization;
  if (bits === 8) return groupSize === null && zeroPoints === 'middle' ? 'int8' : null;
  return groupSize === null || fittingBlock(groupSize) !== undefined ? 'int4' : null;
}

/** Notes for a conversion that quantizes integer weights again. */
export function notesOnQuantization(
  quantization: CheckpointQuantization,
  precision: Precision,
): string[] {
  if (quantization.kind !== 'integers' || precision === 'fp32') return [];
  const unchanged = unchangedPrecision(quantization);
  if (precision === unchanged || (precision === 'mixed' && unchanged === 'int4')) return [];
  return [
    `The checkpoint has ${quantization.bits}-bit weights, which ${precision} quantizes again. --precision ${unchanged ?? 'fp32'} keeps their values.`,
  ];
}

/** Files of a package: complete contents, and weight files with the slots that fill them. */
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

/** Builds the ONNX graphs of a package and the layout of their `.onnx.data` files. */
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

/** File with the int8 rows of the output head, or null if the head is exact. */
export function headRowsFile(
  { tables }: Architecture['decoder'],
  { headRows }: Encodings,
): string | null {
  if (headRows === 'exact') return null;
  return tables.head === tables.embeddings ? PACKAGE_FILES.tokenEmbeddings : PACKAGE_FILES.headRows;
}

/** Plans the weights that are used outside of the graphs: token embeddings, output head rows and the image newline. */
export function planTables({ vision, decoder }: Architecture, encodings: Encodings): PlannedFiles {
  const { vocabularySize, hiddenSize, tables } = decoder;
  const { embeddings } = encodings;
  const rowBytes = embeddings === 'float32' ? hiddenSize * 4 : hiddenSize + 4;
  const weightFiles = new Map([[PACKAGE_FILES.tokenEmbeddings, vocabularySize * rowBytes]] as [
    string,
    number,
  ][]);
  const slots: WeightSlot[] = [
    {
      tensor: tables.embeddings,
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
      tensor: tables.head,
      shape: [vocabularySize, hiddenSize],
      file: PACKAGE_FILES.headRows,
      placement: { kind: 'int8-rows', offset: 0 },
    });
  }
  if (vision?.llava.layout === 'anyres') {
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
