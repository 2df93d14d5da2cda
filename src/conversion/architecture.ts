import type { ModelManifest, RopeScaling } from '../model-store/manifest.js';

/** Activation functions that the graphs can express: exact GELU, and its tanh approximation. */
export type Activation = 'gelu' | 'gelu_pytorch_tanh';

/** A SigLIP vision tower, as far as its features go through it. */
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

/** Everything a checkpoint's JSON files say that conversion needs. */
export interface Architecture {
  /** The class name of the checkpoint. */
  readonly name: string;
  readonly vision: VisionArchitecture;
  readonly projector: ProjectorArchitecture;
  readonly decoder: DecoderArchitecture;
  readonly tokens: ModelManifest['tokens'];
}
