import 'reflect-metadata';

import { createServer } from 'node:http';

import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

import {
  MAX_CONNECTIONS,
  MAX_HEADERS_MS,
  MAX_JSON_BYTES,
  MAX_RECEIVE_MS,
} from '../config/limits.js';
import type { VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { AppModule } from './app.module.js';
import { toInvalidFieldsError } from './errors/invalid-fields-error.js';
import { ProblemFilter } from './errors/problem-filter.js';
import { Admission } from './http/admission.js';
import { checkJsonShape, translateBodyError } from './http/json-body.js';
import { setRequestId } from './http/request-id.js';

/** How often Node looks for connections over their time; its default of 30 s would stretch every limit. */
const CHECK_CONNECTIONS_MS = 1_000;

const WORK_PATHS = ['/v1/captions', '/v1/answers'];

/** Nest's adapter makes the server without options, and the timeouts can only be given then. */
class TimedExpressAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const options = {
      headersTimeout: MAX_HEADERS_MS,
      requestTimeout: MAX_RECEIVE_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
    };
    const server = createServer(options, this.getInstance<Parameters<typeof createServer>[1]>());
    server.maxConnections = MAX_CONNECTIONS;
    this.httpServer = server;
  }
}

/** Builds the HTTP application over an engine. It does not listen yet. */
export async function createApp(engine: VisionLanguageEngine): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forEngine(engine),
    new TimedExpressAdapter(),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class
    { bodyParser: false, logger: ['fatal', 'error', 'warn'], abortOnError: false },
  );
  app.disable('x-powered-by');
  app.use(setRequestId);
  app.use(WORK_PATHS, app.get(Admission).admit);
  app.useBodyParser('json', { limit: MAX_JSON_BYTES, inflate: false });
  app.use(checkJsonShape);
  app.use(translateBodyError);
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      exceptionFactory: toInvalidFieldsError,
    }),
  );
  const document = describeApi(app);
  app.useGlobalFilters(new ProblemFilter(listMethods(document)));
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    // Without this the page asks a public server to check the document.
    swaggerOptions: { validatorUrl: null },
  });
  return app;
}

function describeApi(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Visual Salamandra')
    .setDescription('Captions and answers about pictures, in 35 European languages.')
    .setVersion('1')
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** The methods of each documented path; every path is documented. */
function listMethods(document: OpenAPIObject): Map<string, string[]> {
  return new Map(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      Object.keys(operations).map((method) => method.toUpperCase()),
    ]),
  );
}
