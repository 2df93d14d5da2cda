import {
  MAX_FRAMES_PER_SECOND,
  MAX_SAMPLED_FRAMES,
  MAX_TOP_LOGPROBS,
  MAX_VIDEO_SECONDS,
} from '../../config/limits.js';
import type {
  EngineRequest,
  GenerationSettings,
  ModelDescription,
  RequestMedia,
} from '../../engine/vision-language-engine.js';
import { questionInstruction } from '../../language/caption-instructions.js';
import type { ChatMessage, ChatPart, TemplateVariables } from '../../language/chat-template.js';
import { type Language, resolveLanguage } from '../../language/languages.js';
import type { AnimationUse, FrameSampling } from '../../media/frame-sampling.js';
import type { Detail } from '../../vision/plan-tiles.js';
import type { MediaSource } from '../media/media-resolver.js';
import {
  chooseAnimationUse,
  FrameSamplingDto,
  toFrameSampling,
} from '../request/generation-fields.js';
import { type MediaPart, type Message, parseMessages } from './chat-messages.js';
import { readTemplateVariables } from './template-variables.js';
import {
  completeSettings,
  GENERATION_PARAMETERS,
  readSettings,
  readTokenLimit,
} from './generation-parameters.js';
import { checkParameters, isOneOf, type LimitedParameter } from './known-parameters.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  type NumberRange,
  readBody,
  readBoolean,
  readChoice,
  readNumber,
  readObject,
  readStreamOptions,
  readString,
  rejectOthers,
  type StreamOptions,
} from './request-body.js';

/** A valid request for a chat completion. Its media are not resolved yet. */
export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly settings: GenerationSettings;
  readonly sampling: FrameSampling;
  /** What animations become that are not sent as videos. */
  readonly animations: AnimationUse;
  /** Language of the answer; undefined leaves it to the model. */
  readonly language: Language | undefined;
  /** Variables of the chat template. */
  readonly templateVariables: TemplateVariables;
  /** Whether the answer carries a receipt. */
  readonly receipts: boolean | undefined;
  /** `null` if the response is one JSON object. */
  readonly stream: StreamOptions | null;
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;
const isNoTool = isOneOf('none', 'auto');
const NO_TOOLS =
  'is not supported: this service does not call tools. Leave it out, or set tool_choice to "none".';

const LIMITED_PARAMETERS: readonly LimitedParameter[] = [
  {
    parameter: 'modalities',
    isNeutral: (value) => Array.isArray(value) && value.every((modality) => modality === 'text'),
    rule: 'must be ["text"]: the model generates text only.',
  },
  {
    parameter: 'tools',
    isNeutral: (value, body) => isEmptyList(value) || body['tool_choice'] === 'none',
    rule: NO_TOOLS,
  },
  {
    parameter: 'functions',
    isNeutral: (value, body) => isEmptyList(value) || body['function_call'] === 'none',
    rule: NO_TOOLS,
  },
  { parameter: 'tool_choice', isNeutral: isNoTool, rule: NO_TOOLS },
  { parameter: 'function_call', isNeutral: isNoTool, rule: NO_TOOLS },
  { parameter: 'documents', isNeutral: isEmptyList, rule: 'is not supported. Leave it out.' },
  {
    parameter: 'add_generation_prompt',
    isNeutral: isOneOf(true),
    rule: 'must be true: the model always writes the next message.',
  },
  {
    parameter: 'continue_final_message',
    isNeutral: isOneOf(false),
    rule: 'must be false: the last message cannot be continued. Use /v1/completions.',
  },
  {
    parameter: 'add_special_tokens',
    isNeutral: isOneOf(false),
    rule: 'must be false: the chat template adds the special tokens.',
  },
  {
    parameter: 'reasoning_effort',
    isNeutral: isOneOf('none'),
    rule: 'must be "none": the model does not reason before it answers. Leave it out.',
  },
  {
    parameter: 'verbosity',
    isNeutral: isOneOf('medium'),
    rule: 'must be "medium": limit the answer with max_completion_tokens.',
  },
];

const SUPPORTED_PARAMETERS: readonly string[] = [
  ...['model', 'messages', 'max_completion_tokens', 'logprobs', 'top_logprobs'],
  ...['stream', 'stream_options', 'language', 'media_options', 'chat_template_kwargs'],
  ...GENERATION_PARAMETERS,
];

/**
 * Parses the body of a chat completion. A parameter that would have no effect is rejected; see `checkParameters`.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model, and the codes of `parseMessages`.
 */
export function parseChatRequest(value: unknown, model: ModelDescription): ChatRequest {
  const body = readBody(value, model);
  checkParameters(body, SUPPORTED_PARAMETERS, LIMITED_PARAMETERS);
  return {
    messages: parseMessages(body['messages']),
    settings: parseSettings(body, model),
    ...parseMediaOptions(body['media_options']),
    language: isAbsent(body['language'])
      ? undefined
      : resolveLanguage(readString(body['language'], 'language'), model.languages),
    templateVariables: readTemplateVariables(body['chat_template_kwargs']),
    receipts: readBoolean(body['receipts'], 'receipts'),
    stream: readStreamOptions(body),
  };
}

function parseSettings(body: JsonObject, model: ModelDescription): GenerationSettings {
  const requested = readSettings(body, model);
  const maxTokens = readTokenLimit(body, 'max_completion_tokens') ?? requested.maxTokens;
  const topLogprobs = parseTopLogprobs(body);
  return completeSettings({ ...requested, maxTokens, topLogprobs }, model);
}

function parseTopLogprobs(body: JsonObject): number | undefined {
  const isRequested = readBoolean(body['logprobs'], 'logprobs') ?? false;
  const top = readNumber(body['top_logprobs'], 'top_logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  if (isRequested) return top ?? 0;
  if (top !== undefined && top > 0) {
    throw invalidParameter('top_logprobs', 'requires "logprobs": true.');
  }
  return undefined;
}

class MediaOptions extends FrameSamplingDto {}

const SECONDS: NumberRange = { kind: 'number', min: 0, max: MAX_VIDEO_SECONDS };

/**
 * The extension `media_options`: the frame sampling fields of the native API.
 *
 * @throws INVALID_PARAMETER, INVALID_REQUEST
 */
function parseMediaOptions(value: unknown): Pick<ChatRequest, 'sampling' | 'animations'> {
  if (isAbsent(value))
    return { sampling: toFrameSampling(new MediaOptions()), animations: 'still' };
  const { num_frames, fps, start, end, sampling, ...others } = readObject(value, 'media_options');
  rejectOthers(others, 'media_options');
  const number = (given: unknown, name: string, range: NumberRange) =>
    readNumber(given, `media_options.${name}`, range);
  const frames: NumberRange = { kind: 'integer', min: 1, max: MAX_SAMPLED_FRAMES };
  const rate: NumberRange = { kind: 'number', min: 0.001, max: MAX_FRAMES_PER_SECOND };
  const requested = Object.assign(new MediaOptions(), {
    num_frames: number(num_frames, 'num_frames', frames),
    fps: number(fps, 'fps', rate),
    start: number(start, 'start', SECONDS),
    end: number(end, 'end', SECONDS),
    sampling: readChoice(sampling, 'media_options.sampling', ['uniform', 'scene']),
  });
  return { sampling: toFrameSampling(requested), animations: chooseAnimationUse(requested) };
}

/** The media of all messages, in their order. */
export function listMediaSources({
  messages,
  animations,
}: Pick<ChatRequest, 'messages' | 'animations'>): MediaSource[] {
  return listMedia(messages).map(({ source }) => ({ animations, ...source }));
}

/** @param media the resolved `listMediaSources`, in the same order. */
export function toEngineRequest(
  { messages, settings, language, templateVariables, receipts }: ChatRequest,
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
    conversations: [language ? withLanguage(language, conversation) : conversation],
    templateVariables,
    settings,
    receipts,
  };
}

function listMedia(messages: readonly Message[]): MediaPart[] {
  return messages.flatMap(({ content }) => content.filter((part) => part.type === 'media'));
}

/** The highest detail of the images: a request has one for all of them. The frames of videos have one tile each. */
function chooseDetail(parts: readonly MediaPart[], media: readonly RequestMedia[]): Detail {
  const images = parts.filter((_, index) => media[index]?.kind === 'image');
  const details = images.map(({ detail }) => detail ?? 'auto');
  return (['high', 'auto', 'low'] as const).find((detail) => details.includes(detail)) ?? 'auto';
}

/** Appends the instruction for the language to the last message, where it was in the training data. */
function withLanguage(language: Language, conversation: readonly ChatMessage[]): ChatMessage[] {
  const last = conversation.at(-1);
  if (!last) return [];
  const text = last.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  const question = { type: 'text', text: questionInstruction(text, language).trimStart() } as const;
  const media = last.content.filter(({ type }) => type !== 'text');
  return [...conversation.slice(0, -1), { role: last.role, content: [...media, question] }];
}
