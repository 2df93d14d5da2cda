import type { Readable } from 'node:stream';

import { DataStore, Upload } from '@tus/server';

import { UPLOAD_EXPIRY_MS } from '../../../config/source-limits.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import { toIdentifier } from '../../../jobs/uploads/upload-name.js';
import {
  advanceUpload,
  createUpload,
  findUpload,
  removeUpload,
  type UploadStorage,
} from '../../../jobs/uploads/uploads.js';

/** The uploads of one job and client, as the tus server sees them. Methods throw SalamandraError. */
export class UploadStore extends DataStore {
  override extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];

  constructor(
    private readonly storage: UploadStorage,
    private readonly jobId: string,
    private readonly client: string,
  ) {
    super();
  }

  /** The id is given by this store, and not by the server. */
  override async create(upload: Upload): Promise<Upload> {
    const filename = upload.metadata?.['filename'];
    if (filename === undefined || filename === null) {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        'Upload-Metadata needs "filename" with the relative path of the file in base64.',
        { details: { parameter: 'filename' } },
      );
    }
    const { jobId, client } = this;
    const identifier = toIdentifier(filename);
    const bytes = upload.size ?? 0;
    upload.id = await createUpload(this.storage, { jobId, client, identifier, bytes });
    return upload;
  }

  override async write(chunks: Readable, id: string, offset: number): Promise<number> {
    const place = { job: this.jobId, file: id };
    const upload = await findUpload(this.storage, place);
    if (!upload) throw noSuchUpload();
    if (upload.offset === upload.row.bytes) return upload.offset;
    const { folder } = this.storage;
    const failure = await folder.append(place, offset, chunks).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    // What arrived before a failure counts too.
    const size = await folder.size(place);
    const isKnown = await advanceUpload(this.storage, { ...upload, offset: size });
    if (failure) throw failure.error;
    if (!isKnown) throw noSuchUpload();
    return size;
  }

  override async getUpload(id: string): Promise<Upload> {
    const upload = await findUpload(this.storage, { job: this.jobId, file: id });
    if (!upload) throw noSuchUpload();
    const { row, offset } = upload;
    return new Upload({
      id,
      offset,
      size: row.bytes,
      // The server counts the expiration from here.
      creation_date: new Date(row.changed_at).toISOString(),
    });
  }

  override async remove(id: string): Promise<void> {
    await removeUpload(this.storage, { job: this.jobId, file: id });
  }

  override getExpiration(): number {
    return UPLOAD_EXPIRY_MS;
  }
}

function noSuchUpload(): SalamandraError {
  return new SalamandraError(
    'NOT_FOUND',
    'There is no such upload. It was removed, has expired, or the uploads of the job are complete.',
  );
}
