import type { Request } from 'express';
import type { StorageEngine } from 'multer';

import { MAX_REQUEST_IMAGE_BYTES, MAX_IMAGE_BYTES, MAX_VIDEO_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { prependHead, readHead, sniffMediaKind } from '../../media/sniff-media.js';
import type { FileScope } from './media-files.js';
import type { MediaSource } from './media-resolver.js';

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
      const clip = prependHead(head, chunks, (bytes) => this.countVideo(bytes));
      return { kind: 'file', path: await this.scope.write(clip) };
    }
    const picture: Uint8Array[] = [];
    let ownBytes = 0;
    const count = (bytes: number) => {
      ownBytes += bytes;
      checkSize(ownBytes, MAX_IMAGE_BYTES);
      this.countImage(bytes);
    };
    for await (const chunk of prependHead(head, chunks, count)) picture.push(chunk);
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
