import type { Decoder } from '../decoder/decoder.js';
import type { TokenEmbeddings } from '../decoder/token-embeddings.js';
import type { Tokenizer } from '../language/tokenizer.js';
import type { ModelManifest } from '../model-store/manifest.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { MediaDecoder } from './media-decoder.js';

/** What a model sees with. */
export interface VisionParts {
  readonly geometry: VisionGeometry;
  /** Tower and projector. */
  readonly graph: GraphSession;
  readonly imageNewline: Float32Array; // [hidden]
}

/** A loaded model and what it needs around it. */
export interface PipelineParts {
  readonly manifest: ModelManifest;
  readonly tokenizer: Tokenizer;
  readonly mediaDecoder: MediaDecoder;
  /** Null: the model reads text alone. */
  readonly vision: VisionParts | null;
  readonly tokenEmbeddings: TokenEmbeddings;
  readonly decoder: Decoder;
}
