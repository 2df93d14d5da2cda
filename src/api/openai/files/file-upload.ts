import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer, { type StorageEngine } from 'multer';
import type { Observable } from 'rxjs';

import { MAX_STORED_FILE_BYTES } from '../../../config/batch-limits.js';
import {
  MAX_FIELD_NAME_BYTES,
  MAX_FORM_FIELD_BYTES,
  MAX_PART_HEADERS,
} from '../../../config/limits.js';
import { type ErrorCode, SalamandraError } from '../../../errors/salamandra-error.js';
import { countFileBytes } from '../../../jobs/files.js';
import { clientOf } from '../../admission/client.js';
import type { JobService } from '../../jobs/job-service.js';
import { DiskQuota } from '../../media/disk-quota.js';
import { JOBS } from '../../injection-tokens.js';
import { checkNames } from '../../request/json-body.js';
import type { FileStore, ReceivedContent } from './file-store.js';

/** Fields of the form besides the file: `purpose`, and two of `expires_after`. */
const MAX_FIELDS = 8;

/** The field that the storage adds to multer's file object. */
export interface UploadedFile {
  readonly originalname: string;
  readonly content: ReceivedContent;
}

/**
 * Interceptor that receives the form of an upload: its fields become the body, and the content of its file is on disk.
 * The disk space is counted as that of temporary files while it arrives.
 */
@Injectable()
export class FileUpload implements NestInterceptor {
  constructor(
    @Inject(JOBS) private readonly jobs: JobService,
    private readonly quota: DiskQuota,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (!request.is('multipart/form-data')) {
      throw new SalamandraError(
        'UNSUPPORTED_MEDIA_TYPE',
        'The Content-Type must be multipart/form-data.',
      );
    }
    const client = clientOf(request);
    const stored = await countFileBytes(this.jobs.database());
    let received = 0;
    const count = (bytes: number) => {
      this.quota.take(client, bytes);
      received += bytes;
      this.quota.checkStored(stored + received);
    };
    try {
      await parseForm(request, http.getResponse<Response>(), new Storage(this.jobs.files, count));
    } finally {
      this.quota.release(client, received);
    }
    checkNames(request.body);
    return next.handle();
  }
}

async function parseForm(
  request: Request,
  response: Response,
  storage: StorageEngine,
): Promise<void> {
  const parse = multer({
    storage,
    limits: {
      files: 1,
      fileSize: MAX_STORED_FILE_BYTES,
      fields: MAX_FIELDS,
      fieldSize: MAX_FORM_FIELD_BYTES,
      fieldNameSize: MAX_FIELD_NAME_BYTES,
      parts: MAX_FIELDS + 1,
      headerPairs: MAX_PART_HEADERS,
    },
  }).single('file');
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error: unknown) => {
      if (error === undefined) resolve();
      else reject(toUploadError(error));
    });
  });
}

type Callback = (error?: unknown, stored?: Partial<Express.Multer.File>) => void;

class Storage implements StorageEngine {
  constructor(
    private readonly files: FileStore,
    private readonly count: (bytes: number) => void,
  ) {}

  _handleFile(_request: Request, file: Express.Multer.File, callback: Callback): void {
    // multer merges this object into `request.file`. Its type only knows multer's own storages.
    this.files
      // Not destroyed after an error: multer would report the end of the form in its place.
      .write(this.counted(file.stream.iterator({ destroyOnReturn: false })))
      .then((content) => callback(null, { content } as object), callback);
  }

  _removeFile(_request: Request, file: Express.Multer.File, callback: (error: null) => void): void {
    const { content } = file as Partial<UploadedFile>;
    const removed = content ? this.files.remove(content.id) : Promise.resolve();
    void removed.then(() => callback(null));
  }

  private async *counted(chunks: AsyncIterableIterator<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.count(chunk.length);
      yield chunk;
    }
  }
}

function toUploadError(error: unknown): SalamandraError {
  if (error instanceof SalamandraError) return error;
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const [publicCode, message] = UPLOAD_ERRORS.get(code) ?? [
    'MULTIPART_MALFORMED',
    'The form is not valid multipart/form-data. Check the boundary, and that the body is complete.',
  ];
  return new SalamandraError(publicCode, message, { cause: error });
}

const ONE_FILE = 'The form must have one file, in the field "file".';

/** multer's error codes. */
const UPLOAD_ERRORS: ReadonlyMap<unknown, readonly [ErrorCode, string]> = new Map([
  [
    'LIMIT_FILE_SIZE',
    ['PAYLOAD_TOO_LARGE', `The file is larger than ${MAX_STORED_FILE_BYTES} bytes.`],
  ],
  ['LIMIT_FILE_COUNT', ['TOO_MANY_PARTS', ONE_FILE]],
  ['LIMIT_UNEXPECTED_FILE', ['INVALID_PARAMETER', ONE_FILE]],
  ['LIMIT_PART_COUNT', ['TOO_MANY_PARTS', `The form has more than ${MAX_FIELDS} fields.`]],
  ['LIMIT_FIELD_COUNT', ['TOO_MANY_PARTS', `The form has more than ${MAX_FIELDS} fields.`]],
]);
