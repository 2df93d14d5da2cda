import 'reflect-metadata';
import { createServer } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { RequestHandler, NextFunction, Request, Response } from 'express';
import {
  MAX_CONNECTIONS,
  MAX_HEADERS_MS,
  MAX_JSON_BYTES,
  MAX_RECEIVE_MS,
  MAX_DRAIN_MS,
} from '../config/limits.js';
import { createVideoInspector, type VideoInspector } from '../workers/media-inspector.js';
import type { VisionLanguageEngine, EngineStatus } from '../engine/vision-language-engine.js';
import { createMediaFetcher, type MediaFetcher } from '../media/remote/media-fetcher.js';
import { createPageServer, PAGE_FOLDERS, type PageFolders } from '../web/serve-page.js';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './response/error-filter.js';
import { type FindCalibration, createCalibrationFinder } from './routes/estimate.js';
import { RequestGate } from './request/request-gate.js';
import { createHostGuard, type HostRules } from './request/host-guard.js';
import { checkJsonShape, translateBodyError } from './request/json-body.js';
import { RequestValidation } from './request/request-validation.js';
import { createUploadRateGuard } from './media/upload-rate.js';
import type { AddressInfo } from 'node:net';
import type { Configuration } from '../config/configuration.js';
import { createWorkerEngine } from '../workers/worker-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { randomUUID } from 'node:crypto';

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
  readonly videoInspector?: VideoInspector;
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
    videoInspector = createVideoInspector({
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

/** Time for what the end of the model cut short to say so: a last event, an error. */
const LAST_WORDS_MS = 1_000;

/**
 * Listens at once, while the model loads in its process. SIGTERM and SIGINT let running requests finish; a second one
 * does not.
 *
 * @param workerEntry the module `inference.worker.js`.
 * @throws INVALID_PARAMETER when the address cannot be listened on.
 */
export async function startServer(configuration: Configuration, workerEntry: URL): Promise<void> {
  const { host, port } = configuration;
  const engine = createWorkerEngine({
    entry: workerEntry,
    configuration,
    onStatus: createStatusLog(),
  });
  const videoInspector = createVideoInspector({ entry: new URL('./media.worker.js', workerEntry) });
  const app = await createApp(engine, {
    hostRules: { host, allowedHosts: configuration.allowedHosts },
    mediaFetcher: createMediaFetcher(configuration.mediaUrls),
    videoInspector,
    findCalibration: createCalibrationFinder(configuration),
  });
  const address = await listen(app, host, port).catch(async (cause: unknown) => {
    await engine.close();
    throw new SalamandraError('INVALID_PARAMETER', 'The address cannot be listened on.', { cause });
  });
  log(`listening on http://${host.includes(':') ? `[${host}]` : host}:${address.port}`);

  let isStopping = false;
  const stop = () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log('stopping');
    void shutDown(app, engine)
      .then(() => videoInspector.close())
      .then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

type App = Awaited<ReturnType<typeof createApp>>;

async function listen(app: App, host: string, port: number): Promise<AddressInfo> {
  await app.listen(port, host);
  return app.getHttpServer().address() as AddressInfo;
}

/** Readiness goes first, then running work, then the model, which tells what still runs, then connections. */
async function shutDown(app: App, engine: VisionLanguageEngine): Promise<void> {
  const admission = app.get(RequestGate);
  await admission.drain(MAX_DRAIN_MS);
  await engine.close();
  await admission.drain(LAST_WORDS_MS);
  const closed = app.close();
  app.getHttpServer().closeAllConnections();
  await closed;
}

/** Logs changes of state, and each loading step once. */
function createStatusLog(): (status: EngineStatus) => void {
  let last = '';
  return (status) => {
    const line = describeStatus(status);
    if (line !== last) log(line);
    last = line;
  };
}

function describeStatus(status: EngineStatus): string {
  switch (status.state) {
    case 'loading':
      return `model: ${status.progress.step}`;
    case 'ready':
      return `model: ${status.model.id} (${status.model.precision}) is ready`;
    case 'failed':
      return `model: ${status.error.code}: ${status.error.publicMessage}`;
    case 'closed':
      return 'model: closed';
  }
}

function log(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Names the request in its answer and in logs: by the caller's own id when it is a plain one. */
export function setRequestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get('X-Request-Id');
  const id = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', id);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
}
