import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import type { Detail } from '../../../vision/plan-tiles.js';
import type { MediaSource } from '../../media/media-resolver.js';
import { decodeBase64, decodeDataUrl } from './data-url.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  readChoice,
  readList,
  readObject,
  readText,
} from '../read-parameter.js';

/** A part of a message. Whether a medium is a picture or a clip shows in its bytes, which nobody has yet. */
export type MessagePart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'media'; readonly source: MediaSource; readonly detail: Detail | undefined };

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: readonly MessagePart[];
}

const DETAILS: readonly Detail[] = ['low', 'auto', 'high'];

const ROLES = ['system', 'developer', 'user', 'assistant'] as const;

/**
 * Reads OpenAI's `messages`. `developer` is its newer name of `system`.
 *
 * @throws INVALID_PARAMETER for anything that no chat model takes or this one does not, INVALID_BASE64,
 *   PAYLOAD_TOO_LARGE.
 */
export function parseMessages(value: unknown): Message[] {
  const messages = readList(value, 'messages');
  if (messages.length === 0) throw invalidParameter('messages', 'must not be empty.');
  const countMedia = createMediaCounter();
  return messages.map((one, index) => {
    const parameter = `messages[${index}]`;
    return parseMessage(readObject(one, parameter), parameter, countMedia);
  });
}

function parseMessage(message: JsonObject, parameter: string, countMedia: () => void): Message {
  if (message['role'] === 'tool' || message['role'] === 'function') {
    throw invalidParameter(`${parameter}.role`, 'is of a tool, and this service calls no tools.');
  }
  const role = readChoice(message['role'], `${parameter}.role`, ROLES);
  if (!role) throw invalidParameter(`${parameter}.role`, 'is missing.');
  if (!isAbsent(message['tool_calls']) || !isAbsent(message['function_call'])) {
    throw invalidParameter(parameter, 'calls a tool, and this service calls no tools.');
  }
  const content = parseContent(message['content'], `${parameter}.content`, role, countMedia);
  return { role: role === 'developer' ? 'system' : role, content };
}

function parseContent(
  value: unknown,
  parameter: string,
  role: (typeof ROLES)[number],
  countMedia: () => void,
): MessagePart[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value))
    throw invalidParameter(parameter, 'must be a text or a list of parts.');
  return value.map((one: unknown, index) => {
    const name = `${parameter}[${index}]`;
    const part = readObject(one, name);
    if (part['type'] === 'text') {
      return { type: 'text', text: readText(part['text'], `${name}.text`) };
    }
    const media = parseMedia(part, name);
    if (role !== 'user') {
      throw invalidParameter(name, `is not a text, and ${role} messages take texts only.`);
    }
    countMedia();
    return media;
  });
}

/** Pictures and clips in the forms that clients send: OpenAI's, vLLM's for clips, and llama.cpp's. */
function parseMedia(part: JsonObject, parameter: string): MessagePart {
  switch (part['type']) {
    case 'image_url':
      return parseMediaUrl(part['image_url'], `${parameter}.image_url`);
    case 'video_url':
      return parseMediaUrl(part['video_url'], `${parameter}.video_url`);
    case 'input_video':
      return parseInputVideo(part['input_video'], `${parameter}.input_video`);
    default:
      throw invalidParameter(
        `${parameter}.type`,
        'must be text, image_url, video_url or input_video.',
      );
  }
}

/** `{url, detail}`, or the URL alone, as some clients send it. */
function parseMediaUrl(value: unknown, parameter: string): MessagePart {
  if (typeof value === 'string') return media(urlSource(value, parameter));
  const { url, detail } = readObject(value, parameter);
  return media(
    urlSource(readText(url, `${parameter}.url`), `${parameter}.url`),
    readChoice(detail, `${parameter}.detail`, DETAILS),
  );
}

/** `{data}` with base64, `{url}`, or the base64 alone, which was the form before. */
function parseInputVideo(value: unknown, parameter: string): MessagePart {
  if (typeof value === 'string') return media(dataSource(value, parameter));
  const { data, url } = readObject(value, parameter);
  if (isAbsent(data) === isAbsent(url)) {
    throw invalidParameter(parameter, 'must have either data or url.');
  }
  return isAbsent(data)
    ? media(urlSource(readText(url, `${parameter}.url`), `${parameter}.url`))
    : media(dataSource(readText(data, `${parameter}.data`), `${parameter}.data`));
}

function media(source: MediaSource, detail?: Detail): MessagePart {
  return { type: 'media', source, detail };
}

/** Base64, or a URL where base64 is usual. No base64 has a colon. */
function dataSource(text: string, parameter: string): MediaSource {
  return /^[a-z]+:/i.test(text)
    ? urlSource(text, parameter)
    : { kind: 'bytes', bytes: decodeBase64(text, parameter) };
}

function urlSource(url: string, parameter: string): MediaSource {
  if (/^data:/i.test(url)) return { kind: 'bytes', bytes: decodeDataUrl(url, parameter) };
  if (/^https?:/i.test(url)) return { kind: 'url', url };
  throw invalidParameter(parameter, 'must be a data:, http: or https: URL.');
}

function createMediaCounter(): () => void {
  let count = 0;
  return () => {
    count += 1;
    if (count > MAX_MEDIA_PER_REQUEST) {
      throw invalidParameter(
        'messages',
        `must not hold more than ${MAX_MEDIA_PER_REQUEST} pictures and clips.`,
      );
    }
  };
}
