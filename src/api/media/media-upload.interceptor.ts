import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  mixin,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer from 'multer';
import type { Observable } from 'rxjs';

import {
  MAX_FIELD_NAME_BYTES,
  MAX_FORM_FIELD_BYTES,
  MAX_FORM_FIELDS,
  MAX_PART_HEADERS,
  MAX_VIDEO_BYTES,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { toUploadError } from '../errors/transport-error.js';
import { toFormBody } from './form-body.js';
import { checkShape } from '../request/json-body.js';
import { MediaFiles } from './media-files.js';
import { UploadStorage } from './upload-storage.js';

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
