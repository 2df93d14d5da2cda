import 'reflect-metadata';

import { createServer } from 'node:http';

import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { RequestHandler } from 'express';

import {
  MAX_CONNECTIONS,
  MAX_HEADERS_MS,
  MAX_JSON_BYTES,
  MAX_RECEIVE_MS,
} from '../config/limits.js';
import { createMediaInspector, type MediaInspector } from '../workers/media-inspector.js';
import type { VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { createMediaFetcher, type MediaFetcher } from '../media/remote/media-fetcher.js';
import { createPageServer, PAGE_FOLDERS, type PageFolders } from '../web/serve-page.js';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './errors/problem-filter.js';
import type { FindCalibration } from './routes/calibrations.js';
import { RequestGate } from './request/request-gate.js';
import { createHostGuard, type HostRules } from './request/host-guard.js';
import { checkJsonShape, translateBodyError } from './request/json-body.js';
import { setRequestId } from './request/request-id.js';
import { RequestValidation } from './request/request-validation.js';
import { createUploadRateGuard } from './media/upload-rate.js';

/** How often Node looks for connections over their time; its default of 30 s would stretch every limit. */
const CHECK_CONNECTIONS_MS = 1_000;

const WORK_PATHS = [
  ...['/v1/captions', '/v1/answers', '/v1/videos/captions'],
  ...['/v1/chat/completions', '/v1/completions', '/v1/estimate'],
];

const DESCRIPTION = `Captions and answers about pictures and clips, in 35 European languages.

With \`Accept: text/event-stream\` or \`"stream": true\` a reply comes as server-sent events: \`media\`, then \`text-delta\` as the
text is written and \`caption\`, \`answer\` or \`segment\` with each finished one, then \`usage\` and \`done\`. What fails before the
first event has its own status; what fails later is the last event, \`error\`, with the same problem as its data. Comments
(\`: ping\`) show that the work goes on. Closing the connection stops it.`;

/** What an application may be given; by default it is local, fetches nothing, knows no speeds, looks into clips itself and serves this installation's page. */
interface AppOptions {
  readonly hostRules?: HostRules;
  readonly mediaFetcher?: MediaFetcher;
  readonly videoInspector?: MediaInspector;
  readonly pageFolders?: PageFolders;
  readonly findCalibration?: FindCalibration;
}

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

/** Builds the HTTP application over its parts. It does not listen yet. */
export async function createApp(
  engine: VisionLanguageEngine,
  options: AppOptions = {},
): Promise<NestExpressApplication> {
  const {
    hostRules = { host: '127.0.0.1', allowedHosts: [] },
    mediaFetcher = createMediaFetcher('off'),
    videoInspector = createMediaInspector({
      entry: new URL('../workers/media.worker.js', import.meta.url),
    }),
    pageFolders = PAGE_FOLDERS,
    findCalibration = () => Promise.resolve(undefined),
  } = options;
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.of({ engine, mediaFetcher, videoInspector, findCalibration }),
    new TimedExpressAdapter(),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class
    { bodyParser: false, logger: ['fatal', 'error', 'warn'], abortOnError: false },
  );
  app.disable('x-powered-by');
  app.use(setRequestId);
  app.use(createHostGuard(hostRules));
  app.use(createPageServer(pageFolders));
  app.use('/docs', refuseFrames);
  app.use(WORK_PATHS, app.get(RequestGate).admit, createUploadRateGuard());
  app.useBodyParser('json', { limit: MAX_JSON_BYTES, inflate: false });
  app.use(checkJsonShape);
  app.use(translateBodyError);
  app.useGlobalPipes(new RequestValidation());
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

/** The page that sends requests at a click must not lie under somebody else's. */
const refuseFrames: RequestHandler = (_request, response, next) => {
  response.setHeader('X-Frame-Options', 'DENY');
  next();
};

function describeApi(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Visual Salamandra')
    .setDescription(DESCRIPTION)
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
