import multer from 'multer';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  mixin,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import {
  MAX_FIELD_NAME_BYTES,
  MAX_FORM_FIELD_BYTES,
  MAX_FORM_FIELDS,
  MAX_PART_HEADERS,
  MAX_VIDEO_BYTES,
  MAX_REQUEST_IMAGE_BYTES,
  MAX_UPLOAD_BYTES,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { toUploadError } from './transport-error.js';
import { checkShape } from '../request/json-body.js';
import { MediaFiles, type FileScope } from './media-files.js';
import type { StorageEngine } from 'multer';
import { countChunks, readHead } from '../../media/media-chunks.js';
import { sniffMediaKind } from '../../media/sniff-media.js';
import type { MediaSource } from './media-resolver.js';

/**
 * An interceptor that reads a form into the body and the files of the request; a JSON body was read before. Clips lie on
 * disk until the response is closed, however that comes.
 *
 * @param maxFiles how many parts named `file` a form may have.
 */
export function MediaUpload(maxFiles: number): Type<NestInterceptor> {
  @Injectable()
  class MediaUploadInterceptor implements NestInterceptor {
    constructor(private readonly files: MediaFiles) {}

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const http = context.switchToHttp();
      const request = http.getRequest<Request>();
      if (request.is('multipart/form-data')) {
        await this.readForm(request, http.getResponse<Response>());
      } else {
        checkJsonBody(request);
      }
      return next.handle();
    }

    private async readForm(request: Request, response: Response): Promise<void> {
      const scope = this.files.openScope();
      response.once('close', () => void scope.release());
      const readParts = multer({
        storage: new UploadStorage(scope),
        limits: {
          files: maxFiles,
          fileSize: MAX_VIDEO_BYTES,
          fields: MAX_FORM_FIELDS,
          fieldSize: MAX_FORM_FIELD_BYTES,
          fieldNameSize: MAX_FIELD_NAME_BYTES,
          parts: MAX_FORM_FIELDS + maxFiles,
          headerPairs: MAX_PART_HEADERS,
        },
      }).array('file', maxFiles);
      await new Promise<void>((resolve, reject) => {
        readParts(request, response, (error: unknown) => {
          if (error === undefined) resolve();
          else reject(toUploadError(error));
        });
      });
      const body = toFormBody(request.body as Record<string, unknown>);
      checkShape(body);
      request.body = body;
    }
  }
  return mixin(MediaUploadInterceptor);
}

function checkJsonBody(request: Request): void {
  if (!request.is('application/json')) {
    throw new SalamandraError(
      'UNSUPPORTED_MEDIA_TYPE',
      'The body must be multipart/form-data or application/json.',
    );
  }
  if (Array.isArray(request.body)) {
    throw new SalamandraError('INVALID_REQUEST', 'The body must be a JSON object.');
  }
}

/** Fields that hold a number in JSON; a form has only text. */
const NUMBERS: ReadonlySet<string> = new Set([
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'repetition_penalty',
  'seed',
  'top_logprobs',
  'num_frames',
  'fps',
  'start',
  'end',
  'interval_seconds',
  'max_shots',
]);

/** Fields that hold true or false in JSON. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);
const BOOLEAN_FIELDS: ReadonlySet<string> = new Set(['stream']);

/** Fields that a form may only hold as JSON. */
const JSON_FIELDS: ReadonlySet<string> = new Set(['questions', 'history', 'media']);

const NUMBER = /^-?\d{1,16}(?:\.\d{1,16})?$/;

/**
 * Turns a form's text fields into the body the same request would have as JSON, so that one set of rules checks both.
 * A text that is no number, or neither `true` nor `false`, stays text and fails there. @throws INVALID_JSON
 */
export function toFormBody(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, toFieldValue(name, value)]),
  );
}

function toFieldValue(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (NUMBERS.has(name)) return NUMBER.test(value) ? Number(value) : value;
  if (BOOLEAN_FIELDS.has(name)) return BOOLEANS.get(value) ?? value;
  if (JSON_FIELDS.has(name)) return parseJsonField(name, value);
  // Browsers write every new line of a form as CR LF (HTML, "multipart form data"); JSON clients write what was typed.
  return value.replaceAll('\r\n', '\n');
}

function parseJsonField(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new SalamandraError('INVALID_JSON', `${name} is not valid JSON.`, { cause });
  }
}

/** What multer hands on for each file. */
export interface StoredUpload {
  readonly source: MediaSource;
}

type Callback = (error?: unknown, stored?: Partial<Express.Multer.File>) => void;

/**
 * Takes the files of one form: clips go to disk as they come, everything else stays in memory. The first bytes decide,
 * whatever the name and the declared type.
 */
export class UploadStorage implements StorageEngine {
  private imageBytes = 0;
  private videoBytes = 0;

  constructor(private readonly scope: FileScope) {}

  _handleFile(_request: Request, file: Express.Multer.File, callback: Callback): void {
    // What is handed on here is merged into `request.files`; multer's type knows its own storages only.
    this.receive(file.stream[Symbol.asyncIterator]()).then(
      (source) => callback(null, { source } satisfies StoredUpload as object),
      callback,
    );
  }

  /** The scope removes its files when the response closes. */
  _removeFile(
    _request: Request,
    _file: Express.Multer.File,
    callback: (error: null) => void,
  ): void {
    callback(null);
  }

  private async receive(chunks: AsyncIterator<Buffer>): Promise<MediaSource> {
    const head = await readHead(chunks);
    if (sniffMediaKind(head) === 'video') {
      const clip = countChunks(head, chunks, (bytes) => this.countVideo(bytes));
      return { kind: 'file', path: await this.scope.write(clip) };
    }
    const picture: Uint8Array[] = [];
    let ownBytes = 0;
    const count = (bytes: number) => {
      ownBytes += bytes;
      checkSize(ownBytes, MAX_UPLOAD_BYTES);
      this.countImage(bytes);
    };
    for await (const chunk of countChunks(head, chunks, count)) picture.push(chunk);
    return { kind: 'bytes', bytes: Buffer.concat(picture) };
  }

  private countImage(bytes: number): void {
    this.imageBytes += bytes;
    checkSize(this.imageBytes, MAX_REQUEST_IMAGE_BYTES);
  }

  private countVideo(bytes: number): void {
    this.videoBytes += bytes;
    checkSize(this.videoBytes, MAX_VIDEO_BYTES);
  }
}

function checkSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new SalamandraError('PAYLOAD_TOO_LARGE', 'The files are too large.', {
    details: { max_bytes: maxBytes },
  });
}
