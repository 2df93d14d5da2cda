import { assertSupportsMedia } from '../../engine/input-modalities.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { noChatTemplate } from '../../language/chat-template.js';

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
