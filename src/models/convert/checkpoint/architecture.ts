import type { ModelManifest, RopeScaling, VisionManifest } from '../../package/manifest.js';

/** Activation functions that the graphs can express: exact GELU, and its tanh approximation. */
export type Activation = 'gelu' | 'gelu_pytorch_tanh';

/** A SigLIP vision tower, as far as its features go through it, and the projector behind it. */
export interface VisionArchitecture {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly attentionHeads: number;
  /** Layers whose output is used; the checkpoint may hold more. */
  readonly layers: number;
  readonly imageSize: number;
  readonly patchSize: number;
  /** Whole patches along a side; a rest of the picture at the right and the bottom is not seen. */
  readonly patchesPerSide: number;
  readonly activation: Activation;
  readonly layerNormEpsilon: number;
  readonly projector: ProjectorArchitecture;
  readonly tokens: VisionManifest['tokens'];
}

/** The two-layer perceptron between tower and decoder. */
interface ProjectorArchitecture {
  readonly activation: Activation;
  readonly bias: 'present' | 'absent';
}

/** A Llama decoder. */
export interface DecoderArchitecture {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  /** Whether the output head has weights of its own or shares the embeddings. */
  readonly outputHead: 'own' | 'embeddings';
}

/** How a checkpoint's matrices were quantised by whoever published it. */
export type CheckpointQuantization =
  | { readonly kind: 'none' }
  /** Eight-bit floats with a scale a tensor or a row. */
  | { readonly kind: 'fp8' }
  /** Four bits around 8, with a scale for each `groupSize` values of a row. */
  | {
      readonly kind: 'gptq';
      readonly groupSize: number;
      readonly zeroPoints: 'exact' | 'less-one';
    };

/** Everything a checkpoint's JSON files say that conversion needs. */
export interface Architecture {
  /** The class name of the checkpoint. */
  readonly name: string;
  /** Null: the model reads text alone. */
  readonly vision: VisionArchitecture | null;
  readonly decoder: DecoderArchitecture;
  readonly quantization: CheckpointQuantization;
  readonly tokens: ModelManifest['tokens'];
}
