import type { EngineRequest, RequestMedia } from '../../../engine/vision-language-engine.js';
import { questionInstruction } from '../../../language/caption-instructions.js';
import type { ChatMessage, ChatPart } from '../../../language/chat-template.js';
import type { Language } from '../../../language/languages.js';
import type { Detail } from '../../../vision/plan-tiles.js';
import type { MediaSource } from '../../media/media-resolver.js';
import type { ChatRequest } from './parse-chat-request.js';
import type { Message, MessagePart } from './parse-messages.js';

/** Where the media of a conversation are, in the order it shows them. */
export function listMediaSources(messages: readonly Message[]): MediaSource[] {
  return listMedia(messages).map(({ source }) => source);
}

/**
 * The engine's work for a chat completion.
 *
 * @param media what became of `listMediaSources`, in the same order.
 */
export function toEngineRequest(
  { messages, settings, language }: ChatRequest,
  media: readonly RequestMedia[],
): EngineRequest {
  const kinds = media.map(({ kind }) => kind);
  const conversation = messages.map(({ role, content }): ChatMessage => ({
    role,
    content: content.map((part): ChatPart =>
      part.type === 'text' ? part : { type: kinds.shift() ?? 'image' },
    ),
  }));
  return {
    media,
    detail: chooseDetail(listMedia(messages), media),
    conversations: [language ? askIn(language, conversation) : conversation],
    settings,
  };
}

type MediaPart = Extract<MessagePart, { readonly type: 'media' }>;

function listMedia(messages: readonly Message[]): MediaPart[] {
  return messages.flatMap(({ content }) => content.filter((part) => part.type === 'media'));
}

/**
 * The detail of the only picture. Several pictures have one tile each whatever is asked for, and clips a tile a frame,
 * so that contradicting wishes never meet.
 */
function chooseDetail(parts: readonly MediaPart[], media: readonly RequestMedia[]): Detail {
  const pictures = parts.filter((_, index) => media[index]?.kind === 'image');
  return (pictures.length === 1 ? pictures[0]?.detail : undefined) ?? 'auto';
}

/** Adds the sentence that asks for a language behind what was said last, where the model was taught to find it. */
function askIn(language: Language, conversation: readonly ChatMessage[]): ChatMessage[] {
  const last = conversation.at(-1);
  if (!last) return [];
  const text = last.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  const asked = { type: 'text', text: questionInstruction(text, language).trimStart() } as const;
  const shown = last.content.filter(({ type }) => type !== 'text');
  return [...conversation.slice(0, -1), { role: last.role, content: [...shown, asked] }];
}
