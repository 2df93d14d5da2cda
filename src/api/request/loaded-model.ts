import { assertSupportsMedia } from '../../engine/input-modalities.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { noChatTemplate } from '../../language/chat-template.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

/**
 * Refuses what the loaded model cannot do before media are fetched and the queue is joined.
 *
 * @param media what the conversation is to show.
 * @throws INVALID_REQUEST for media that the model does not see, and where it answers no messages at all.
 */
export function checkChatModel(model: ModelDescription, media: readonly unknown[]): void {
  assertSupportsMedia(media, model.inputModalities);
  if (model.prompts === 'raw') throw noChatTemplate();
}

/** Names whichever model is loaded, for clients that are set up once and for all. */
const ANY_MODEL = 'visual-salamandra';

/**
 * Checks the name by which a client asks for a model.
 *
 * @throws NOT_FOUND unless it is the loaded model's id or `visual-salamandra`.
 */
export function checkRequestedModel(name: string, loaded: ModelDescription): void {
  if (name === loaded.id || name === ANY_MODEL) return;
  throw new SalamandraError('NOT_FOUND', 'The model is not here; GET /v1/models lists what is.', {
    details: { parameter: 'model' },
  });
}
