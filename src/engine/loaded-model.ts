import type { Decoder } from '../decoder/decoder.js';
import type { TokenGrammars } from '../decoder/grammar/token-grammars.js';
import type { TokenEmbeddings } from '../decoder/token-embeddings.js';
import type { Tokenizer } from '../language/tokenizer.js';
import type { ModelManifest } from '../models/package/manifest.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { MediaDecoder } from './media-decoder.js';

/** Vision encoder and projector. */
export interface VisionModel {
  readonly geometry: VisionGeometry;
  readonly graph: GraphSession;
  /** [hidden]; `null` with the layout `single-tile`. */
  readonly imageNewline: Float32Array | null;
}

/** The graphs, tables and tokenizer of a model package, opened. */
export interface LoadedModel {
  readonly manifest: ModelManifest;
  readonly tokenizer: Tokenizer;
  /** `null` for a text-only model. */
  readonly vision: VisionModel | null;
  readonly tokenEmbeddings: TokenEmbeddings;
  readonly decoder: Decoder;
  /** Grammars of answer formats over the tokens of this model. */
  readonly grammars: TokenGrammars;
  /** Frees the graphs and closes the files. */
  close(): Promise<void>;
}

/** The model as the pipeline uses it, with the media decoder in front of it. */
export interface PipelineModel extends Omit<LoadedModel, 'close'> {
  readonly mediaDecoder: MediaDecoder;
}
