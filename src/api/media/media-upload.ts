import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  mixin,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer, { type StorageEngine } from 'multer';
import type { Observable } from 'rxjs';

import {
  MAX_FIELD_NAME_BYTES,
  MAX_FORM_FIELD_BYTES,
  MAX_FORM_FIELDS,
  MAX_PART_HEADERS,
  MAX_REQUEST_IMAGES,
  MAX_MEMORY_IMAGE_BYTES,
  MAX_VIDEO_BYTES,
} from '../../config/limits.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';
import { receiveImage } from '../../media/receive-image.js';
import { prependHead, readHead, sniffMediaKind } from '../../media/sniff-media.js';
import { BodyReceiver } from '../admission/body-receiver.js';
import { clientOf } from '../admission/client.js';
import { IMAGE_BYTES } from '../injection-tokens.js';
import { checkJsonText, checkNames } from '../request/json-body.js';
import { type FileScope, MediaFiles } from './media-files.js';
import type { MediaSource } from './media-resolver.js';

/**
 * An interceptor that parses a form into the body and the files of the request; a JSON body has already been parsed.
 * Videos and large images stay on disk until the response is closed.
 *
 * @param maxFiles largest number of parts named `file`.
 */
export function MediaUpload(maxFiles: number): Type<NestInterceptor> {
  @Injectable()
  class MediaUploadInterceptor implements NestInterceptor {
    constructor(
      private readonly files: MediaFiles,
      @Inject(IMAGE_BYTES) private readonly imageBytes: number,
      private readonly receiver: BodyReceiver,
    ) {}

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const http = context.switchToHttp();
      const request = http.getRequest<Request>();
      if (request.is('multipart/form-data')) {
        await this.parseForm(request, http.getResponse<Response>());
      } else {
        checkJsonBody(request);
      }
      return next.handle();
    }

    private async parseForm(request: Request, response: Response): Promise<void> {
      const scope = this.files.openScope(clientOf(request));
      response.once('close', () => void scope.release());
      const parse = multer({
        storage: new UploadStorage(scope, this.imageBytes, (bytes) =>
          this.receiver.reserve(request, bytes),
        ),
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
        parse(request, response, (error: unknown) => {
          if (error === undefined) resolve();
          else reject(toUploadError(error, maxFiles));
        });
      });
      const body = toFormBody(request.body as Record<string, unknown>);
      checkNames(body);
      request.body = body;
    }
  }
  return mixin(MediaUploadInterceptor);
}

/** Parameter decorator: the uploaded files in the order of the form; empty if the body is JSON. */
export const UploadedMedia = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { files } = context.switchToHttp().getRequest<Request>();
  return ((files ?? []) as unknown as StoredUpload[]).map(({ source }) => source);
});

function checkJsonBody(request: Request): void {
  if (!request.is('application/json')) {
    throw new SalamandraError(
      'UNSUPPORTED_MEDIA_TYPE',
      'The Content-Type must be multipart/form-data or application/json.',
    );
  }
  if (Array.isArray(request.body)) {
    throw new SalamandraError('INVALID_REQUEST', 'The body must be a JSON object, not a list.');
  }
}

/** multer stops at the first file above the limit, so the message states a lower bound of their number. */
function toUploadError(error: unknown, maxFiles: number): SalamandraError {
  if (error instanceof SalamandraError) return error;
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const [publicCode, message] = UPLOAD_ERRORS.get(code) ?? [
    'MULTIPART_MALFORMED',
    'The form is not valid multipart/form-data. Check the boundary, and that the body is complete.',
  ];
  if (code !== 'LIMIT_FILE_COUNT')
    return new SalamandraError(publicCode, message, { cause: error });
  const accepted = maxFiles === 1 ? 'one file' : `at most ${maxFiles} files`;
  const remedy = maxFiles === 1 ? 'Send one request per file.' : 'Send several requests.';
  return new SalamandraError(
    publicCode,
    `This route accepts ${accepted}, received at least ${maxFiles + 1}. ${remedy}`,
    { cause: error, details: { max_files: maxFiles } },
  );
}

/** multer's error codes. */
const UPLOAD_ERRORS: ReadonlyMap<unknown, readonly [ErrorCode, string]> = new Map([
  ['LIMIT_FILE_SIZE', ['PAYLOAD_TOO_LARGE', `The file is larger than ${MAX_VIDEO_BYTES} bytes.`]],
  [
    'LIMIT_FIELD_VALUE',
    ['PAYLOAD_TOO_LARGE', `A form field is longer than ${MAX_FORM_FIELD_BYTES} bytes.`],
  ],
  [
    'LIMIT_FIELD_KEY',
    [
      'MULTIPART_MALFORMED',
      `The name of a form field is longer than ${MAX_FIELD_NAME_BYTES} bytes.`,
    ],
  ],
  ['LIMIT_FILE_COUNT', ['TOO_MANY_PARTS', '']],
  ['LIMIT_PART_COUNT', ['TOO_MANY_PARTS', `The form has more than ${MAX_FORM_FIELDS} fields.`]],
  ['LIMIT_FIELD_COUNT', ['TOO_MANY_PARTS', `The form has more than ${MAX_FORM_FIELDS} fields.`]],
  [
    'LIMIT_UNEXPECTED_FILE',
    ['UNKNOWN_FIELD', 'The form has a file in another field than "file". Rename it to "file".'],
  ],
]);

/** Fields with a number in JSON. Form fields are strings. */
const NUMBER_FIELDS: ReadonlySet<string> = new Set([
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
  'page',
]);

const BOOLEAN_FIELDS: ReadonlySet<string> = new Set(['stream', 'receipts']);

/** Fields with an object or a list, which a form holds as JSON. */
const JSON_FIELDS: ReadonlySet<string> = new Set(['questions', 'history', 'media', 'receipt']);

const NUMBER = /^-?\d{1,16}(?:\.\d{1,16})?$/;

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

/**
 * Converts the strings of a form to the types of a JSON body, so that the same validation applies to both. A string
 * that cannot be converted stays a string and fails the validation. @throws INVALID_JSON
 */
function toFormBody(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, toFieldValue(name, value)]),
  );
}

function toFieldValue(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (NUMBER_FIELDS.has(name)) return NUMBER.test(value) ? Number(value) : value;
  if (BOOLEAN_FIELDS.has(name)) return BOOLEANS.get(value) ?? value;
  if (JSON_FIELDS.has(name)) return parseJsonField(name, value);
  // Browsers send line breaks of a form as CR LF (HTML, "multipart form data"). JSON clients send LF.
  return value.replaceAll('\r\n', '\n');
}

function parseJsonField(name: string, value: string): unknown {
  checkJsonText(Buffer.from(value));
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new SalamandraError('INVALID_JSON', `The form field ${name} is not valid JSON.`, {
      cause,
    });
  }
}

/** The field that UploadStorage adds to multer's file object. */
interface StoredUpload {
  readonly source: MediaSource;
}

type Callback = (error?: unknown, stored?: Partial<Express.Multer.File>) => void;

/**
 * Receives the files of one form: videos and large images go to disk, all other files to memory. The first bytes tell
 * the kind, not the file name or the declared type.
 */
class UploadStorage implements StorageEngine {
  private imageBytes = 0;
  private videoBytes = 0;

  /** @param reserveMemory is called for each chunk that stays in memory. */
  constructor(
    private readonly scope: FileScope,
    private readonly maxImageBytes: number,
    private readonly reserveMemory: (bytes: number) => void,
  ) {}

  _handleFile(_request: Request, file: Express.Multer.File, callback: Callback): void {
    // multer merges this object into `request.files`. Its type only knows multer's own storages.
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
      const video = prependHead(head, chunks, (bytes) => this.countVideo(bytes));
      return { kind: 'file', holds: 'video', path: await this.scope.write(video) };
    }
    let fileBytes = 0;
    const image = prependHead(head, chunks, (bytes) => {
      fileBytes += bytes;
      checkSize(fileBytes, this.maxImageBytes, 'An image file');
      // The rest of a larger file goes to disk.
      if (fileBytes <= MAX_MEMORY_IMAGE_BYTES) this.reserveMemory(bytes);
      this.countImage(bytes);
    });
    const received = await receiveImage(image, (stream) => this.scope.write(stream));
    return 'bytes' in received
      ? { kind: 'bytes', bytes: received.bytes }
      : { kind: 'file', holds: 'image', path: received.path };
  }

  private countImage(bytes: number): void {
    this.imageBytes += bytes;
    const limit = MAX_REQUEST_IMAGES * this.maxImageBytes;
    checkSize(this.imageBytes, limit, 'The image files of the request');
  }

  private countVideo(bytes: number): void {
    this.videoBytes += bytes;
    checkSize(this.videoBytes, MAX_VIDEO_BYTES, 'The video files of the request');
  }
}

function checkSize(bytes: number, maxBytes: number, what: string): void {
  if (bytes <= maxBytes) return;
  throw new SalamandraError('PAYLOAD_TOO_LARGE', `${what} may have at most ${maxBytes} bytes.`, {
    details: { max_bytes: maxBytes },
  });
}
