import { invalidModel } from '../models/package/invalid-model.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { ChatMessage, ChatPart } from './chat-template.js';
import type { Tokenizer } from './tokenizer.js';

const TEXT: ChatPart = { type: 'text', text: 'a' };
const IMAGE: ChatPart = { type: 'image' };
const VIDEO: ChatPart = { type: 'video' };

/**
 * Renders the conversations that the service needs, and counts the placeholders of images and videos in their token
 * ids: a question, one and two images, and a video if the model knows videos. A base model has no template to check.
 *
 * @throws MODEL_INVALID with the template's own error, or with the number of placeholders found
 */
export function checkChatTemplate(tokenizer: Tokenizer): void {
  const { chatTemplate, media } = tokenizer;
  if (!chatTemplate) return;
  if (media === null) {
    renderWithSystem(tokenizer);
    return;
  }
  encodeProbe(tokenizer, [question(TEXT)]);
  checkCount(tokenizer, 'image', [IMAGE, TEXT]);
  checkCount(tokenizer, 'image', [IMAGE, IMAGE, TEXT]);
  if (media.video !== null) checkCount(tokenizer, 'video', [VIDEO, TEXT]);
}

/** Clients of a text model may send a system message, if its template demands one. */
function renderWithSystem(tokenizer: Tokenizer): void {
  try {
    encodeProbe(tokenizer, [question(TEXT)]);
  } catch {
    encodeProbe(tokenizer, [{ role: 'system', content: [TEXT] }, question(TEXT)]);
  }
}

function question(...content: ChatPart[]): ChatMessage {
  return { role: 'user', content };
}

function encodeProbe(tokenizer: Tokenizer, messages: readonly ChatMessage[]): number[] {
  try {
    const rendered = tokenizer.chatTemplate?.render(messages);
    return rendered ? tokenizer.encode(rendered) : [];
  } catch (error) {
    if (!(error instanceof SalamandraError) || error.code !== 'INVALID_REQUEST') throw error;
    throw invalidModel(`the chat template cannot be used: ${error.message}`, error);
  }
}

function checkCount(
  tokenizer: Tokenizer,
  kind: 'image' | 'video',
  content: readonly ChatPart[],
): void {
  const expected = content.filter(({ type }) => type === kind).length;
  const id = tokenizer.media?.[kind];
  const ids = encodeProbe(tokenizer, [question(...content)]);
  const found = ids.filter((candidate) => candidate === id).length;
  if (found === expected) return;
  const token = tokenizer.placeholders[kind] ?? '';
  const name = /^[!-~]{1,40}$/.test(token) ? ` (${token})` : '';
  throw invalidModel(
    `for a message with ${expected} ${kind}(s), the chat template places the ${kind} token ${id ?? ''}${name} ${found} times. It must print the token once for each part of type "${kind}". Use the template of the model's processor`,
  );
}
