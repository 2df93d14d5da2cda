import { assertSupportsMedia } from '../../engine/input-modalities.js';
import type {
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { noChatTemplate } from '../../language/chat-template.js';
import type { MediaSource } from '../media/media-resolver.js';

/** An alias of the loaded model, for clients whose configuration should not change with the model. */
export const ANY_MODEL = 'visual-salamandra';

/**
 * The loaded model.
 *
 * @throws MODEL_NOT_READY while it loads, the engine's own error (MODEL_NOT_FOUND, MODEL_INVALID) if it cannot be
 *   loaded, SHUTTING_DOWN after the engine was closed.
 */
export function readyModel(engine: VisionLanguageEngine): ModelDescription {
  const status = engine.status();
  switch (status.state) {
    case 'ready':
      return status.model;
    case 'failed':
      throw status.error;
    case 'closed':
      throw shuttingDown();
    case 'loading':
      throw new SalamandraError(
        'MODEL_NOT_READY',
        'The model is still loading. GET /health/ready responds with 200 once it is ready.',
        { details: { step: status.progress.step, progress: status.progress.fraction ?? 0 } },
      );
  }
}

export function shuttingDown(): SalamandraError {
  return new SalamandraError('SHUTTING_DOWN', 'The service is shutting down.');
}

/**
 * Rejects requests that the loaded model does not support, before media are fetched and before the queue.
 *
 * @param sources an uploaded file is a video; the other sources are only known to be one when they are resolved.
 * @throws INVALID_REQUEST for media that the model does not accept, and if it has no chat template.
 */
export function assertChatModel(
  model: ModelDescription,
  sources: readonly { readonly kind?: MediaSource['kind'] }[],
): void {
  assertSupportsMedia(
    sources.map(({ kind }) => (kind === 'file' ? 'video' : 'unknown')),
    model,
  );
  if (model.prompts === 'raw') throw noChatTemplate();
}

/** @throws NOT_FOUND unless the name is the id of the loaded model or `visual-salamandra`. */
export function assertRequestedModel(name: string, loaded: ModelDescription): void {
  if (name === loaded.id || name === ANY_MODEL) return;
  throw new SalamandraError(
    'NOT_FOUND',
    `This model is not loaded. Use "${loaded.id}" or "${ANY_MODEL}"; GET /v1/models describes it.`,
    { details: { parameter: 'model' } },
  );
}
