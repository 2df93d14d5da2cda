import { MAX_MEDIA_PER_REQUEST } from '../../config/limits.js';
import { type Detail, DETAILS } from '../../vision/plan-tiles.js';
import { type PageRange, parsePageRange } from '../../media/page-range.js';
import type { MediaSource } from '../media/media-resolver.js';
import { decodeBase64, decodeDataUrl } from '../media/data-url.js';
import { ReceivedFile } from '../media/json-upload.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  plainName,
  readChoice,
  readList,
  readObject,
  readString,
} from './request-body.js';

/** An image or video. Its bytes tell which; they may not be downloaded yet. */
export interface MediaPart {
  readonly type: 'media';
  readonly source: MediaSource;
  readonly detail: Detail | undefined;
}

type MessagePart = { readonly type: 'text'; readonly text: string } | MediaPart;

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: readonly MessagePart[];
}

const ROLES = ['system', 'developer', 'user', 'assistant'] as const;

/**
 * Parses OpenAI's `messages`. `developer` is OpenAI's newer name of `system`.
 *
 * @throws INVALID_PARAMETER for malformed or unsupported messages, INVALID_BASE64, PAYLOAD_TOO_LARGE.
 */
export function parseMessages(value: unknown): Message[] {
  const messages = readList(value, 'messages');
  if (messages.length === 0) {
    throw invalidParameter('messages', 'must have at least one message.');
  }
  const countMedia = createMediaCounter();
  return messages.map((message, index) => {
    const parameter = `messages[${index}]`;
    return parseMessage(readObject(message, parameter), parameter, countMedia);
  });
}

function parseMessage(message: JsonObject, parameter: string, countMedia: () => void): Message {
  if (message['role'] === 'tool' || message['role'] === 'function') {
    throw invalidParameter(`${parameter}.role`, 'is of a tool: tools are not supported.');
  }
  const role = readChoice(message['role'], `${parameter}.role`, ROLES);
  if (!role) throw invalidParameter(`${parameter}.role`, `is missing: one of ${ROLES.join(', ')}.`);
  if (!isEmpty(message['tool_calls']) || !isEmpty(message['function_call'])) {
    throw invalidParameter(parameter, 'calls a tool: tools are not supported.');
  }
  checkMembers(message, parameter, role);
  // Clients send an assistant's turn back as they stored it, without content if it had none.
  const given = role === 'assistant' ? (message['content'] ?? '') : message['content'];
  const content = parseContent(given, `${parameter}.content`, role, countMedia);
  return { role: role === 'developer' ? 'system' : role, content };
}

const MEMBERS = ['role', 'content', 'name', 'tool_calls', 'function_call'];

/** Members of replies of OpenAI and others, which clients send back. */
const REPLY_MEMBERS = ['refusal', 'annotations', 'audio', 'reasoning', 'reasoning_content'];

/** @throws INVALID_PARAMETER for a member that would have no effect, such as Ollama's `images`. */
function checkMembers(message: JsonObject, parameter: string, role: (typeof ROLES)[number]): void {
  const known = role === 'assistant' ? [...MEMBERS, ...REPLY_MEMBERS] : MEMBERS;
  for (const [name, value] of Object.entries(message)) {
    if (known.includes(name) || isEmpty(value)) continue;
    const remedy =
      name === 'images'
        ? 'Send images as parts of "content": {"type": "image_url", "image_url": {"url": "data:…"}}.'
        : 'Leave it out.';
    throw invalidParameter(`${parameter}.${plainName(name)}`, `is not supported. ${remedy}`);
  }
}

function isEmpty(value: unknown): boolean {
  return isAbsent(value) || value === false || (Array.isArray(value) && value.length === 0);
}

function parseContent(
  value: unknown,
  parameter: string,
  role: (typeof ROLES)[number],
  countMedia: () => void,
): MessagePart[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) {
    throw invalidParameter(parameter, 'must be a string or a list of parts.');
  }
  return value.map((item: unknown, index) => {
    const name = `${parameter}[${index}]`;
    const part = readObject(item, name);
    if (part['type'] === 'text') {
      return { type: 'text', text: readString(part['text'], `${name}.text`) };
    }
    const media = parseMedia(part, name);
    if (role !== 'user') {
      throw invalidParameter(name, `is not text. Images and videos are for user messages only.`);
    }
    countMedia();
    return media;
  });
}

/** `image_url` is OpenAI's, `video_url` vLLM's and `input_video` llama.cpp's. */
function parseMedia(part: JsonObject, parameter: string): MediaPart {
  switch (part['type']) {
    case 'image_url':
      return parseMediaUrl(part['image_url'], `${parameter}.image_url`);
    case 'video_url':
      return toClip(parseMediaUrl(part['video_url'], `${parameter}.video_url`));
    case 'input_video':
      return toClip(parseInputVideo(part['input_video'], `${parameter}.input_video`));
    default:
      throw invalidParameter(
        `${parameter}.type`,
        'must be text, image_url, video_url or input_video.',
      );
  }
}

/** An animation that is sent as a video. */
function toClip({ source, ...part }: MediaPart): MediaPart {
  return { ...part, source: { ...source, animations: 'clip' } };
}

/** `{url, detail, page}`, or the URL as a string, which some clients send. */
function parseMediaUrl(value: unknown, parameter: string): MediaPart {
  if (isSource(value)) return toMediaPart(parseUrl(value, parameter));
  const { url, detail, page } = readObject(value, parameter);
  const source = parseUrl(url, `${parameter}.url`);
  return toMediaPart(
    isAbsent(page) ? source : { ...source, pages: parsePage(page, `${parameter}.page`) },
    readChoice(detail, `${parameter}.detail`, DETAILS),
  );
}

/** Not of OpenAI's API: the page of a document. */
function parsePage(value: unknown, parameter: string): PageRange {
  const page = typeof value === 'number' ? parsePageRange(String(value)) : null;
  if (!page) throw invalidParameter(parameter, 'must be the number of a page, counted from 1.');
  return page;
}

/** `{data}` with base64, `{url}`, or base64 as a string, which is llama.cpp's older form. */
function parseInputVideo(value: unknown, parameter: string): MediaPart {
  if (isSource(value)) return toMediaPart(parseData(value, parameter));
  const { data, url } = readObject(value, parameter);
  if (isAbsent(data) === isAbsent(url)) {
    throw invalidParameter(parameter, 'must have either "data" or "url".');
  }
  return isAbsent(data)
    ? toMediaPart(parseUrl(url, `${parameter}.url`))
    : toMediaPart(parseData(data, `${parameter}.data`));
}

/** A string, or a string that is already a file on disk. */
function isSource(value: unknown): value is string | ReceivedFile {
  return typeof value === 'string' || value instanceof ReceivedFile;
}

function toMediaPart(source: MediaSource, detail?: Detail): MediaPart {
  return { type: 'media', source, detail };
}

/** Base64, or a URL: base64 has no colon. */
function parseData(value: unknown, parameter: string): MediaSource {
  if (value instanceof ReceivedFile) return value.source;
  const text = readString(value, parameter);
  return /^[a-z]+:/i.test(text)
    ? parseUrl(text, parameter)
    : { kind: 'bytes', bytes: decodeBase64(text, parameter) };
}

function parseUrl(value: unknown, parameter: string): MediaSource {
  if (value instanceof ReceivedFile) return value.source;
  const url = readString(value, parameter);
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
        `must have at most ${MAX_MEDIA_PER_REQUEST} images and videos.`,
      );
    }
  };
}
