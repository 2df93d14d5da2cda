import {
  Controller,
  Delete,
  Head,
  HttpCode,
  Inject,
  Options,
  Param,
  Patch,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { MemoryLocker, Server } from '@tus/server';
import type { Request, Response } from 'express';

import { MAX_VIDEO_BYTES } from '../../../config/limits.js';
import { jobJson } from '../../../jobs/job-json.js';
import { progressOf } from '../../../jobs/job-progress.js';
import { getJob } from '../../../jobs/jobs.js';
import { completeUploads, type UploadStorage } from '../../../jobs/uploads/uploads.js';
import { clientOf } from '../../admission/client.js';
import { JOBS } from '../../injection-tokens.js';
import { ApiProblems } from '../../response/problem.js';
import type { JobService } from '../job-service.js';
import { UploadStore } from './upload-store.js';

const TUS = { name: 'Tus-Resumable', required: true, description: '1.0.0' };

/**
 * Uploads into a job by the protocol tus 1.0 (https://tus.io/protocols/resumable-upload), with the extensions creation,
 * creation-with-upload, termination and expiration.
 */
@ApiTags('jobs')
@ApiProblems()
@Controller('v1/jobs/:id/uploads')
export class UploadsController {
  /** An upload has one request at a time; a later one ends an earlier one whose connection hangs. */
  private readonly locker = new MemoryLocker();

  constructor(@Inject(JOBS) private readonly jobs: JobService) {}

  @Options()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Show the extensions of tus that are supported',
    description: 'The headers `Tus-Version`, `Tus-Extension` and `Tus-Max-Size`.',
  })
  async options(@Param('id') id: string, @Req() request: Request, @Res() response: Response) {
    await this.handle(id, request, response);
  }

  @Post()
  @HttpCode(201)
  @ApiOperation({
    summary: 'Begin an upload into a job (tus 1.0)',
    description:
      'The source of the job is of the kind uploads. The response names the address of the upload in `Location`.',
  })
  @ApiHeader(TUS)
  @ApiHeader({ name: 'Upload-Length', required: true, description: 'Bytes of the file.' })
  @ApiHeader({
    name: 'Upload-Metadata',
    required: true,
    description:
      '`filename` and the relative path of the file in base64, such as `filename YWxidW0vcGhvdG8uanBn`.',
  })
  async begin(@Param('id') id: string, @Req() request: Request, @Res() response: Response) {
    await this.handle(id, request, response);
  }

  @Post('complete')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Complete the uploads of a job',
    description:
      'The job ends with its last item. Uploads that are not finished are removed, and listed as skipped.',
  })
  async complete(@Param('id') id: string): Promise<object> {
    const { database } = this.storage();
    const { id: jobId } = await getJob(database, id);
    await completeUploads(this.storage(), jobId);
    const job = await getJob(database, jobId);
    return jobJson(job, await progressOf(database, job));
  }

  @Head(':upload')
  @ApiOperation({
    summary: 'Ask how far an upload is (tus 1.0)',
    description: 'The number of bytes that are stored is in `Upload-Offset`.',
  })
  @ApiHeader(TUS)
  async show(@Param('id') id: string, @Req() request: Request, @Res() response: Response) {
    await this.handle(id, request, response);
  }

  @Patch(':upload')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Send the next bytes of a file (tus 1.0)',
    description: 'The last byte makes the file an item of the job.',
  })
  @ApiHeader(TUS)
  @ApiHeader({ name: 'Upload-Offset', required: true, description: 'Bytes that are stored.' })
  @ApiConsumes('application/offset+octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiResponse({ status: 409, description: 'Upload-Offset is not the number of bytes so far.' })
  async append(@Param('id') id: string, @Req() request: Request, @Res() response: Response) {
    await this.handle(id, request, response);
  }

  @Delete(':upload')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Remove an upload that is not finished (tus 1.0)',
    description: 'A finished upload is an item of the job, and is removed with it.',
  })
  @ApiHeader(TUS)
  async remove(@Param('id') id: string, @Req() request: Request, @Res() response: Response) {
    await this.handle(id, request, response);
  }

  private async handle(id: string, request: Request, response: Response): Promise<void> {
    const storage = this.storage();
    const job = await getJob(storage.database, id);
    const server = new Server({
      path: `/v1/jobs/${id}/uploads`,
      datastore: new UploadStore(storage, job.id, clientOf(request)),
      locker: this.locker,
      maxSize: MAX_VIDEO_BYTES,
      disableTerminationForFinishedUploads: true,
      // Relative to the address of the request, for proxies that add a path.
      generateUrl: (_request, { id: upload }) =>
        request.path.endsWith('/') ? upload : `uploads/${upload}`,
      allowedOrigins: () => false,
      onResponseError: (_request, error) => {
        // Errors of this service become problems; those of the protocol have a status and a text.
        if (!('status_code' in error)) throw error;
        return undefined;
      },
    });
    try {
      await server.handle(request, response);
    } catch (error) {
      // The rest of the body is not read.
      if (!request.complete && !response.headersSent) response.setHeader('Connection', 'close');
      throw error;
    }
  }

  private storage(): UploadStorage {
    const { uploads, uploadBytes } = this.jobs;
    return { database: this.jobs.database(), folder: uploads, maxBytes: uploadBytes };
  }
}
