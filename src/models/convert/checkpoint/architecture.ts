import type { ModelManifest, RopeScaling, VisionManifest } from '../../package/manifest.js';
import type { DecoderFamily } from './decoder-families.js';
import type { LlavaClass } from './llava-classes.js';

/** Supported activation functions with the names of transformers. */
export type Activation = 'gelu' | 'gelu_pytorch_tanh' | 'quick_gelu' | 'relu' | 'silu';

/** How a vision encoder makes tokens of a tile. The layers after that are the same in all of them. */
export interface TowerEmbeddings {
  /** A learned token before the patches. */
  readonly classToken: 'present' | 'absent';
  readonly patchBias: 'present' | 'absent';
  /** A layer norm before the first layer. */
  readonly norm: 'present' | 'absent';
}

/** A vision encoder (SigLIP or CLIP), up to the last feature layer, and the projector. */
export interface VisionArchitecture {
  readonly embeddings: TowerEmbeddings;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly attentionHeads: number;
  /** Layers up to the last feature layer; the checkpoint may have more. */
  readonly layers: number;
  /**
   * Numbers of layers after which the residual stream is a part of the image features; the parts are concatenated. 0 is
   * the input of the first layer.
   */
  readonly featureLayers: readonly number[];
  readonly imageSize: number;
  readonly patchSize: number;
  /** floor(imageSize / patchSize); remaining pixels at the right and the bottom are ignored. */
  readonly patchesPerSide: number;
  /** Patches, and the class token if there is one. */
  readonly sequenceLength: number;
  /** `sequenceLength`, or one less if the first token is dropped (`vision_feature_select_strategy: "default"`). */
  readonly featuresPerTile: number;
  readonly activation: Activation;
  readonly layerNormEpsilon: number;
  readonly projector: ProjectorArchitecture;
  /** The class of the model, which decides how images become tiles. */
  readonly llava: LlavaClass;
  readonly tokens: VisionManifest['tokens'];
}

/** The two-layer MLP between vision encoder and decoder. */
interface ProjectorArchitecture {
  readonly activation: Activation;
  readonly bias: 'present' | 'absent';
}

/** A decoder of one of `DECODER_FAMILIES`. */
export interface DecoderArchitecture {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly vocabularySize: number;
  /** Context window: the positions for which the graphs compute what transformers computes. */
  readonly maxPositions: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  readonly activation: Activation;
  readonly biases: {
    readonly queriesKeysValues: 'present' | 'absent';
    readonly attentionOutput: 'present' | 'absent';
    readonly mlp: 'present' | 'absent';
  };
  readonly queryKeyNorm: DecoderFamily['queryKeyNorm'];
  readonly norms: DecoderFamily['norms'];
  readonly normFactor: DecoderFamily['normFactor'];
  /** Factor of the attention scores. */
  readonly attentionScale: number;
  /** Attention scores are limited to cap * tanh(score / cap); null for no limit. */
  readonly attentionSoftcap: number | null;
  /** The same for logits. */
  readonly logitSoftcap: number | null;
  /** Factor of the token embeddings. */
  readonly tokenScale: number;
  /** Factor of all inputs of the decoder, image features included. */
  readonly inputScale: number;
  /** Canonical names of the tensors; they are the same if the output head is tied to the token embeddings. */
  readonly tables: { readonly embeddings: string; readonly head: string };
}

/**
 * Integer weights: `value = (level - zero point) * scale`, with unsigned levels of `bits` bits and a scale and a zero
 * point per group of values along a row.
 */
export interface IntegerQuantization {
  readonly kind: 'integers';
  /**
   * Tensors and packing: GPTQ (zero points stored less one), GPTQ v2, AWQ GEMM, or compressed-tensors with packed
   * words (`pack-quantized`) or bytes (`int-quantized`).
   */
  readonly layout: 'gptq' | 'gptq-v2' | 'awq' | 'packed' | 'bytes';
  readonly bits: 4 | 8;
  /** Values of a row that share a scale. `null`: one scale per row or per tensor. */
  readonly groupSize: number | null;
  /** `middle`: all zero points are 2^(bits - 1). */
  readonly zeroPoints: 'middle' | 'stored';
  /** `listed`: a tensor lists the group of each column (act-order). */
  readonly groups: 'contiguous' | 'listed';
}

/** Quantization of the published checkpoint. */
export type CheckpointQuantization =
  | { readonly kind: 'none' }
  /**
   * F8_E4M3 weights. `block`: rows and columns of the blocks that share a scale; `null` for a scale per tensor or row.
   */
  | { readonly kind: 'fp8'; readonly block: readonly [rows: number, columns: number] | null }
  | IntegerQuantization;

/** Architecture of a checkpoint, from its JSON files. */
export interface Architecture {
  /** Class name in transformers. */
  readonly name: string;
  /** `null` if the model has no vision encoder. */
  readonly vision: VisionArchitecture | null;
  readonly decoder: DecoderArchitecture;
  readonly quantization: CheckpointQuantization;
  readonly tokens: ModelManifest['tokens'];
  /** Sentences for the user about fields that the service treats otherwise than they say, or that limit the package. */
  readonly notes: readonly string[];
}
