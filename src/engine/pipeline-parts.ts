import type { Decoder } from '../decoder/decoder.js';
import type { TokenEmbeddings } from '../decoder/token-embeddings.js';
import type { Tokenizer } from '../language/tokenizer.js';
import type { ModelManifest } from '../model-store/manifest.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { MediaDecoder } from './media-decoder.js';

/** A loaded model and what it needs around it. */
export interface PipelineParts {
  readonly manifest: ModelManifest;
  readonly geometry: VisionGeometry;
  readonly tokenizer: Tokenizer;
  readonly mediaDecoder: MediaDecoder;
  readonly vision: GraphSession;
  readonly imageNewline: Float32Array; // [hidden]
  readonly tokenEmbeddings: TokenEmbeddings;
  readonly decoder: Decoder;
}
