import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import type { RequestHandler } from 'express';

import {
  MAX_JSON_TEXT_BYTES,
  MAX_MEDIA_PER_REQUEST,
  MAX_VIDEO_BYTES,
  MIN_STORED_STRING_BYTES,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { prependHead, readHead, sniffMediaKind } from '../../media/sniff-media.js';
import { clientOf } from '../admission/client.js';
import { storesFiles } from '../admission/body-receiver.js';
import { CHAT_BYTES, IMAGE_BYTES } from '../injection-tokens.js';
import { JsonScanner } from '../request/json-body.js';
import { decodeBase64Pieces } from './base64-pieces.js';
import { type FileScope, MediaFiles } from './media-files.js';
import type { MediaSource } from './media-resolver.js';

/** Replaces a base64 string in the parsed body. `JSON.parse` cannot produce an instance of this class. */
export class ReceivedFile {
  readonly #source: MediaSource;

  constructor(source: MediaSource) {
    this.#source = source;
  }

  get source(): MediaSource {
    return this.#source;
  }
}

/** Members whose strings may be files, and whether base64 without `data:` is allowed. */
const FILE_MEMBERS: ReadonlyMap<string, { readonly isBare: boolean }> = new Map([
  ['url', { isBare: false }],
  ['image_url', { isBare: false }],
  ['video_url', { isBare: false }],
  ['data', { isBare: true }],
  ['input_video', { isBare: true }],
]);

/**
 * Receives large JSON bodies of the chat route. Base64 strings are decoded to files while they arrive, so that neither
 * memory nor the event loop pays for their length; the rest is parsed as usual.
 */
@Injectable()
export class JsonUpload {
  constructor(
    private readonly files: MediaFiles,
    @Inject(IMAGE_BYTES) private readonly imageBytes: number,
    @Inject(CHAT_BYTES) private readonly chatBytes: number,
  ) {}

  /**
   * Express middleware before the JSON parser, which skips a body that has been received.
   *
   * @throws PAYLOAD_TOO_LARGE, INVALID_JSON, INVALID_BASE64, INVALID_PARAMETER, INVALID_REQUEST, STORAGE_FULL
   */
  readonly receive: RequestHandler = (request, response, next) => {
    if (!storesFiles(request)) {
      next();
      return;
    }
    const scope = this.files.openScope(clientOf(request));
    response.once('close', () => void scope.release());
    const chunks: AsyncIterator<Buffer> = request.iterator({ destroyOnReturn: false });
    const length = Number(request.headers['content-length'] ?? 0);
    this.parse(chunks, length, scope).then(
      (body) => {
        request.body = body;
        next();
      },
      async (error: unknown) => {
        await drain(chunks);
        next(error);
      },
    );
  };

  private async parse(chunks: AsyncIterator<Buffer>, length: number, scope: FileScope) {
    checkBodyBytes(length, this.chatBytes);
    let received = 0;
    const read = async (): Promise<Buffer | undefined> => {
      const next = await chunks.next().catch((cause: unknown) => {
        throw new SalamandraError('INVALID_REQUEST', 'The body was not received completely.', {
          cause,
        });
      });
      if (next.done) return undefined;
      received += next.value.length;
      checkBodyBytes(received, this.chatBytes);
      return next.value;
    };
    return await parseJson(read, (member, pieces) => this.store(member, pieces, scope));
  }

  private async store(
    member: string,
    pieces: AsyncIterable<Buffer>,
    scope: FileScope,
  ): Promise<MediaSource> {
    const isBare = FILE_MEMBERS.get(member)?.isBare ?? false;
    const bytes = decodeBase64Pieces(pieces, { parameter: member, isBare });
    const head = await readHead(bytes);
    const holds = sniffMediaKind(head) === 'video' ? 'video' : 'image';
    const limit = holds === 'video' ? MAX_VIDEO_BYTES : this.imageBytes;
    let size = 0;
    const counted = prependHead(head, bytes, (count) => {
      size += count;
      if (size <= limit) return;
      throw new SalamandraError(
        'PAYLOAD_TOO_LARGE',
        `The ${holds} in "${member}" is larger than ${limit} bytes.`,
        { details: { parameter: member, max_bytes: limit } },
      );
    });
    return { kind: 'file', holds, path: await scope.write(counted) };
  }
}

function checkBodyBytes(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new SalamandraError(
    'PAYLOAD_TOO_LARGE',
    `The body is larger than ${limit} bytes (SALAMANDRA_CHAT_MB). Send the file in a form to /v1/answers, or a smaller one.`,
    { details: { max_bytes: limit } },
  );
}

/** Reads the rest of a body, as the JSON parser does after an error, so that the client can read the response. */
async function drain(chunks: AsyncIterator<unknown>): Promise<void> {
  try {
    while (!(await chunks.next()).done);
  } catch {
    // The connection is gone.
  }
}

/** The next chunk of a body; `undefined` at its end. */
type ReadChunk = () => Promise<Buffer | undefined>;

/** Stores a base64 string, which arrives in pieces. */
type StoreString = (member: string, pieces: AsyncIterable<Buffer>) => Promise<MediaSource>;

/** Parses a JSON text. Long strings of FILE_MEMBERS become instances of ReceivedFile. */
async function parseJson(read: ReadChunk, store: StoreString): Promise<unknown> {
  const scanner = new JsonScanner(new Set(FILE_MEMBERS.keys()));
  // Random, so that no string of a client is mistaken for a stored file.
  const marker = randomUUID();
  const files: ReceivedFile[] = [];
  const text: Buffer[] = [];
  let textBytes = 0;
  const keep = (piece: Buffer) => {
    textBytes += piece.length;
    if (textBytes > MAX_JSON_TEXT_BYTES) throw textTooLarge();
    text.push(piece);
  };

  let chunk = await read();
  while (chunk !== undefined) {
    const end = scanner.scan(chunk);
    keep(chunk.subarray(0, end));
    const member = scanner.stoppedAt;
    if (member === null) {
      chunk = await read();
      continue;
    }
    const string = new StringReader(chunk.subarray(end), read);
    const head = await string.readHead();
    if (string.isComplete) {
      head.forEach(keep);
    } else {
      if (files.length === MAX_MEDIA_PER_REQUEST) throw tooManyFiles();
      const source = await store(member, string.resume(head));
      keep(Buffer.from(`${marker}${files.length}`));
      files.push(new ReceivedFile(source));
    }
    // Starts with the closing quote.
    chunk = string.rest;
  }
  return parseText(Buffer.concat(text), (value) =>
    value.startsWith(marker) ? files[Number(value.slice(marker.length))] : value,
  );
}

function parseText(text: Buffer, replace: (value: string) => unknown): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(text), (_name, value: unknown) =>
      typeof value === 'string' ? replace(value) : value,
    );
  } catch (cause) {
    throw new SalamandraError('INVALID_JSON', 'The body is not valid JSON.', { cause });
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Reads the raw bytes of a JSON string, from its first byte to the one before its closing quote. */
class StringReader {
  private isEscaped = false;
  private isClosed = false;
  private ahead: Buffer | undefined;

  constructor(
    first: Buffer,
    private readonly read: ReadChunk,
  ) {
    this.ahead = first;
  }

  /** Whether all bytes have been read. */
  get isComplete(): boolean {
    return this.isClosed;
  }

  /** The received bytes after the string; `undefined` if the body ended inside it. */
  get rest(): Buffer | undefined {
    return this.ahead;
  }

  /** More than MIN_STORED_STRING_BYTES, or the whole string. */
  async readHead(): Promise<Buffer[]> {
    const head: Buffer[] = [];
    for (let bytes = 0; bytes <= MIN_STORED_STRING_BYTES;) {
      const piece = await this.next();
      if (piece === undefined) break;
      head.push(piece);
      bytes += piece.length;
    }
    return head;
  }

  async *resume(head: readonly Buffer[]): AsyncGenerator<Buffer> {
    yield* head;
    for (let piece = await this.next(); piece; piece = await this.next()) yield piece;
  }

  private async next(): Promise<Buffer | undefined> {
    if (this.isClosed) return undefined;
    const chunk = this.ahead ?? (await this.read());
    this.ahead = undefined;
    if (chunk === undefined) {
      this.isClosed = true;
      return undefined;
    }
    const end = this.findEnd(chunk);
    if (end < chunk.length) {
      this.isClosed = true;
      this.ahead = chunk.subarray(end);
    }
    return chunk.subarray(0, end);
  }

  private findEnd(chunk: Buffer): number {
    // The search of Node is ten times as fast as the loop.
    if (!this.isEscaped && !chunk.includes(BACKSLASH)) {
      const end = chunk.indexOf(QUOTE);
      return end === -1 ? chunk.length : end;
    }
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.isEscaped) this.isEscaped = false;
      else if (byte === BACKSLASH) this.isEscaped = true;
      else if (byte === QUOTE) return at;
    }
    return chunk.length;
  }
}

function textTooLarge(): SalamandraError {
  return new SalamandraError(
    'PAYLOAD_TOO_LARGE',
    `The body has more than ${MAX_JSON_TEXT_BYTES} bytes besides its images and videos. Send a shorter conversation, and files as image_url, video_url or input_video.`,
    { details: { max_bytes: MAX_JSON_TEXT_BYTES } },
  );
}

function tooManyFiles(): SalamandraError {
  return new SalamandraError(
    'INVALID_PARAMETER',
    `messages must have at most ${MAX_MEDIA_PER_REQUEST} images and videos.`,
    { details: { parameter: 'messages' } },
  );
}
