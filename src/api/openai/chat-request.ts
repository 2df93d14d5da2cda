import {
  MAX_TOP_LOGPROBS,
  MAX_VIDEO_SECONDS,
  MAX_SAMPLED_FRAMES,
  MAX_FRAMES_PER_SECOND,
} from '../../config/limits.js';
import { resolveSettings } from '../../engine/resolve-settings.js';
import type {
  GenerationSettings,
  ModelDescription,
  EngineRequest,
  RequestMedia,
} from '../../engine/vision-language-engine.js';
import { type Language, resolveLanguage } from '../../language/languages.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import {
  readBody,
  readReplyForm,
  readSettings,
  readTokenCount,
  type ReplyForm,
  invalidParameter,
  isAbsent,
  type JsonObject,
  readFlag,
  readNumber,
  readText,
  rejectUnsupported,
  type Unsupported,
  readChoice,
  readObject,
} from './request-body.js';
import { type Message, parseMessages, type MessagePart } from './chat-messages.js';
import { ClipOptionsDto, toFrameSampling } from '../request/generation-fields.js';
import { questionInstruction } from '../../language/caption-instructions.js';
import type { ChatMessage, ChatPart } from '../../language/chat-template.js';
import type { Detail } from '../../vision/plan-tiles.js';
import type { MediaSource } from '../media/media-resolver.js';

/** A checked request for a chat completion; its media are still to be taken in. */
export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly settings: GenerationSettings;
  readonly sampling: FrameSampling;
  /** The language the answer is wished in; absent: the model decides. */
  readonly language: Language | undefined;
  readonly reply: ReplyForm;
}

/**
 * Reads the body of a chat completion. Parameters that this service does not know are ignored, as every
 * OpenAI-compatible server does, since clients send many; known ones that it cannot honour are refused.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model, and the codes of `parseMessages`.
 */
export function parseChatRequest(value: unknown, model: ModelDescription): ChatRequest {
  const body = readBody(value, model);
  rejectUnsupported(body, UNSUPPORTED_IN_CHATS);
  return {
    messages: parseMessages(body['messages']),
    settings: parseSettings(body, model),
    sampling: parseMediaOptions(body['media_options']),
    language: isAbsent(body['language'])
      ? undefined
      : resolveLanguage(readText(body['language'], 'language')),
    reply: readReplyForm(body),
  };
}

function parseSettings(body: JsonObject, model: ModelDescription): GenerationSettings {
  const asked = readSettings(body);
  const maxTokens = readTokenCount(body, 'max_completion_tokens') ?? asked.maxTokens;
  const topLogprobs = parseTopLogprobs(body);
  return resolveSettings({ ...asked, maxTokens, topLogprobs }, model.generation);
}

function parseTopLogprobs(body: JsonObject): number | undefined {
  const isWished = readFlag(body['logprobs'], 'logprobs') ?? false;
  const top = readNumber(body['top_logprobs'], 'top_logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  if (isWished) return top ?? 0;
  if (top !== undefined && top > 0) throw invalidParameter('top_logprobs', 'needs logprobs: true.');
  return undefined;
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;
const isNoTool = (value: unknown) => value === 'none' || value === 'auto';
const NO_TOOLS = 'asks for tools, which this service does not call.';

/** What chats alone may ask for, and this service cannot do. */
export const UNSUPPORTED_IN_CHATS: readonly Unsupported[] = [
  {
    parameter: 'response_format',
    isHarmless: (value) => (value as JsonObject)['type'] === 'text',
    rule: 'must be of type text.',
  },
  {
    parameter: 'modalities',
    isHarmless: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
    rule: 'must hold text only.',
  },
  { parameter: 'tools', isHarmless: isEmptyList, rule: NO_TOOLS },
  { parameter: 'functions', isHarmless: isEmptyList, rule: NO_TOOLS },
  { parameter: 'tool_choice', isHarmless: isNoTool, rule: NO_TOOLS },
  { parameter: 'function_call', isHarmless: isNoTool, rule: NO_TOOLS },
];

const SECONDS = { kind: 'number', min: 0, max: MAX_VIDEO_SECONDS } as const;

class MediaOptions extends ClipOptionsDto {}

/**
 * The extension `media_options`: which frames of clips are looked at, in the words of the native API.
 *
 * @throws INVALID_PARAMETER, INVALID_REQUEST
 */
export function parseMediaOptions(value: unknown): FrameSampling {
  if (isAbsent(value)) return toFrameSampling(new MediaOptions());
  const options = readObject(value, 'media_options');
  const number = (name: string, range: Parameters<typeof readNumber>[2]) =>
    readNumber(options[name], `media_options.${name}`, range);
  const asked = Object.assign(new MediaOptions(), {
    num_frames: number('num_frames', { kind: 'integer', min: 1, max: MAX_SAMPLED_FRAMES }),
    fps: number('fps', { kind: 'number', min: 0.001, max: MAX_FRAMES_PER_SECOND }),
    start: number('start', SECONDS),
    end: number('end', SECONDS),
    sampling: readChoice(options['sampling'], 'media_options.sampling', ['uniform', 'scene']),
  });
  return toFrameSampling(asked);
}

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
