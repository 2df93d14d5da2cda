import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer, { memoryStorage } from 'multer';
import type { Observable } from 'rxjs';

import {
  MAX_FIELD_NAME_BYTES,
  MAX_FORM_FIELD_BYTES,
  MAX_FORM_FIELDS,
  MAX_PART_HEADERS,
  MAX_UPLOAD_BYTES,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { toUploadError } from '../errors/transport-error.js';
import { toFormBody } from './form-body.js';
import { checkShape } from './json-body.js';

const readForm = multer({
  storage: memoryStorage(),
  limits: {
    files: 1,
    fileSize: MAX_UPLOAD_BYTES,
    fields: MAX_FORM_FIELDS,
    fieldSize: MAX_FORM_FIELD_BYTES,
    fieldNameSize: MAX_FIELD_NAME_BYTES,
    parts: MAX_FORM_FIELDS + 1,
    headerPairs: MAX_PART_HEADERS,
  },
}).single('file');

/** Reads a form into the body and the file of the request; a JSON body was read before. */
@Injectable()
export class MediaUpload implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (request.is('multipart/form-data')) {
      await readMultipart(request, http.getResponse<Response>());
    } else if (!request.is('application/json')) {
      throw new SalamandraError(
        'UNSUPPORTED_MEDIA_TYPE',
        'The body must be multipart/form-data or application/json.',
      );
    } else if (Array.isArray(request.body)) {
      throw new SalamandraError('INVALID_REQUEST', 'The body must be a JSON object.');
    }
    return next.handle();
  }
}

async function readMultipart(request: Request, response: Response): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    readForm(request, response, (error: unknown) => {
      if (error === undefined) resolve();
      else reject(toUploadError(error));
    });
  });
  const body = toFormBody(request.body as Record<string, unknown>);
  checkShape(body);
  request.body = body;
}
