import 'reflect-metadata';

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { Express, RequestHandler } from 'express';

import type { Configuration } from '../config/configuration.js';
import {
  DEFAULT_CHAT_BYTES,
  DEFAULT_IMAGE_BYTES,
  DEFAULT_TEMPORARY_BYTES,
  MAX_DRAIN_MS,
  MAX_HEADERS_MS,
  MAX_JSON_BYTES,
  MAX_RECEIVE_MS,
} from '../config/limits.js';
import type { EngineStatus, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { itemAccessOf } from '../jobs/work-on-jobs.js';
import { type Keyring, openKeyring } from '../keys/keyring.js';
import {
  createGuardedFetcher,
  createMediaFetcher,
  type MediaFetcher,
} from '../media/remote/media-fetcher.js';
import { canCapResources, UNCAPPED_WARNING } from '../media/resource-caps.js';
import { createPageServer, PAGE_FOLDERS, type PageFolders } from '../web/serve-page.js';
import { createMediaInspector, type MediaInspector } from '../workers/media-inspector.js';
import { openEngine } from '../workers/open-engine.js';
import { createAuthentication, MODEL_PATHS } from './admission/authentication.js';
import { BodyReceiver } from './admission/body-receiver.js';
import { limitConnections } from './admission/connections.js';
import { meterEngine } from './admission/metered-engine.js';
import { WorkQueue } from './admission/work-queue.js';
import { AppModule } from './app.module.js';
import { type JobService, NO_JOBS, startJobService } from './jobs/job-service.js';
import { JsonUpload } from './media/json-upload.js';
import { MediaFiles } from './media/media-files.js';
import { MediaResolver } from './media/media-resolver.js';
import { Metrics } from './observability/metrics.js';
import { createBatchWork } from './openai/batches/batch-work.js';
import { normalizeContentType } from './request/content-type.js';
import { createHostGuard, type HostRules, isLoopback } from './request/host-guard.js';
import { checkFieldNames, checkJsonText, translateBodyError } from './request/json-body.js';
import { RequestValidation } from './request/request-validation.js';
import { ErrorFilter } from './response/error-filter.js';
import { createCalibrationFinder, type FindCalibration } from './routes/estimate.js';

/** Node checks connection timeouts every 30 s by default, which would add up to 30 s to each of them. */
const CHECK_CONNECTIONS_MS = 1_000;

const DESCRIPTION = `Captions of images and videos, and answers about them, in 35 European languages.

**Streaming.** With \`Accept: text/event-stream\` or \`"stream": true\` the native routes send server-sent events:
\`media\` first, then \`text-delta\` for each piece of text and \`caption\`, \`answer\` or \`segment\` for each complete
text, then \`usage\` and \`done\`. An error before the first event has its own HTTP status. A later error is the last
event, \`error\`, with a problem as its data. The comment \`: ping\` keeps an idle connection open. Closing the
connection cancels the request.

**OpenAI clients.** \`/v1/chat/completions\`, \`/v1/completions\`, \`/v1/models\`, \`/v1/files\` and
\`/v1/batches\` follow OpenAI's API, errors included.`;

/** Defaults: local requests only, no media URLs, no calibrations, a video inspector of its own, and the built page. */
interface AppOptions {
  readonly hostRules?: HostRules;
  readonly mediaFetcher?: MediaFetcher;
  readonly videoInspector?: MediaInspector;
  readonly pageFolders?: PageFolders;
  readonly findCalibration?: FindCalibration;
  readonly jobs?: JobService;
  /** Bytes of an image file. Undefined: DEFAULT_IMAGE_BYTES. */
  readonly imageBytes?: number;
  /** Bytes of a chat body. Undefined: DEFAULT_CHAT_BYTES. */
  readonly chatBytes?: number;
  /** Bytes of all temporary files. Undefined: DEFAULT_TEMPORARY_BYTES. */
  readonly temporaryBytes?: number;
  /** Addresses and networks of proxies, whose `X-Forwarded-For` names the client. */
  readonly trustedProxies?: readonly string[];
  /** Undefined: requests need no key. */
  readonly keys?: Keyring;
  /** Those that watch the engine. Undefined: new ones, of requests only. */
  readonly metrics?: Metrics;
}

/** Whether an address is a trusted proxy; compiled by Express from `trust proxy`. */
type TrustProxy = (address: string, hop: number) => boolean;

/** Nest creates the HTTP server without options, but Node takes these timeouts only when a server is created. */
class BoundedExpressAdapter extends ExpressAdapter {
  constructor(trustedProxies: readonly string[]) {
    super();
    this.getInstance<Express>().set('trust proxy', [...trustedProxies]);
  }

  override initHttpServer(): void {
    const options = {
      headersTimeout: MAX_HEADERS_MS,
      requestTimeout: MAX_RECEIVE_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
    };
    const server = createServer(options, this.getInstance<Parameters<typeof createServer>[1]>());
    const isTrusted = this.getInstance<Express>().get('trust proxy fn') as TrustProxy;
    limitConnections(server, { isTrustedProxy: (address) => isTrusted(address, 0) });
    this.httpServer = server;
  }
}

/** Creates the HTTP application without listening. */
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
    jobs = NO_JOBS,
    imageBytes = DEFAULT_IMAGE_BYTES,
    chatBytes = DEFAULT_CHAT_BYTES,
    temporaryBytes = DEFAULT_TEMPORARY_BYTES,
    trustedProxies = [],
    keys,
    metrics = new Metrics(),
  } = options;
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.of({
      engine: keys ? meterEngine(engine, keys) : engine,
      ...{ mediaFetcher, videoInspector, findCalibration, jobs, metrics },
      ...{ imageBytes, chatBytes, temporaryBytes },
    }),
    new BoundedExpressAdapter(trustedProxies),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class
    { bodyParser: false, logger: ['fatal', 'error', 'warn'], abortOnError: false },
  );
  app.disable('x-powered-by');
  app.use(setCommonHeaders);
  app.use(metrics.measureRequest);
  app.use(createHostGuard(hostRules));
  app.use(createPageServer(pageFolders));
  if (keys) app.use(createAuthentication(keys));
  app.use('/docs', denyFrames);
  app.use(normalizeContentType);
  app.use(MODEL_PATHS, app.get(WorkQueue).checkRoom);
  app.use(app.get(BodyReceiver).receive);
  app.use(app.get(JsonUpload).receive);
  const jsonOptions = {
    limit: MAX_JSON_BYTES,
    inflate: false,
    // An option of body-parser that Nest's type leaves out. It is called before the text is parsed.
    verify: (_request: unknown, _response: unknown, text: Buffer) => checkJsonText(text),
  };
  app.useBodyParser('json', jsonOptions);
  app.use(checkFieldNames);
  app.use(translateBodyError);
  app.useGlobalPipes(new RequestValidation());
  const document = createDocument(app);
  metrics.setRoutes(Object.keys(document.paths));
  app.useGlobalFilters(new ErrorFilter(listMethods(document)));
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    // The default sends the document to a public validator.
    swaggerOptions: { validatorUrl: null },
  });
  return app;
}

/** Sets `X-Request-Id`, to the client's id if it has a safe form, and forbids MIME sniffing. */
const setCommonHeaders: RequestHandler = (request, response, next) => {
  const given = request.get('X-Request-Id');
  const id = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', id);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
};

/** Protects against clickjacking: the page at /docs can send requests. */
const denyFrames: RequestHandler = (_request, response, next) => {
  response.setHeader('X-Frame-Options', 'DENY');
  next();
};

function createDocument(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Visual Salamandra')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    // Relative to the document, so that /docs also works behind a path prefix.
    .addServer('.')
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** HTTP methods by path. The document contains every path. */
function listMethods(document: OpenAPIObject): Map<string, string[]> {
  return new Map(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      Object.keys(operations).map((method) => method.toUpperCase()),
    ]),
  );
}

/** Milliseconds for cancelled requests to send their last event or their error. */
const LAST_RESPONSE_MS = 1_000;

/**
 * Starts listening at once; the model loads in its own process. The first SIGTERM or SIGINT lets running requests
 * finish, the second one exits immediately.
 *
 * @param workerEntry the module `inference.worker.js`.
 * @throws INVALID_PARAMETER if the server cannot listen on the configured address, or would listen there for everybody.
 */
export async function startServer(configuration: Configuration, workerEntry: URL): Promise<void> {
  const { host, port } = configuration;
  const keys = openKeyring(configuration.home);
  if (!isLoopback(host) && !configuration.isOpen && !keys.isRequired()) throw exposedError(host);
  const metrics = new Metrics();
  metrics.addProcessMetrics();
  const engine = metrics.watchEngine(
    openEngine({ configuration, entry: workerEntry, onStatus: createStatusLog() }),
  );
  const videoInspector = createMediaInspector({
    entry: new URL('./media.worker.js', workerEntry),
    maxPixels: configuration.imagePixels,
  });
  const jobs = await startJobService({
    ...{ configuration, engine, log },
    mediaWorker: new URL('./media.worker.js', workerEntry),
    databaseThread: new URL('../jobs/database/sqlite.thread.js', import.meta.url),
  });
  const app = await createApp(engine, {
    jobs,
    hostRules: { host, allowedHosts: configuration.allowedHosts },
    mediaFetcher: createMediaFetcher(configuration.mediaUrls),
    videoInspector,
    findCalibration: createCalibrationFinder(configuration),
    imageBytes: configuration.imageBytes,
    chatBytes: configuration.chatBytes,
    temporaryBytes: configuration.temporaryBytes,
    trustedProxies: configuration.trustedProxies,
    keys,
    metrics,
  });
  const batchResolver = new MediaResolver(
    app.get(MediaFiles),
    createGuardedFetcher(itemAccessOf(configuration).policy),
    configuration.imageBytes,
  );
  jobs.begin((database) =>
    createBatchWork({ engine, database, files: jobs.files, resolver: batchResolver }),
  );
  const address = await listen(app, host, port).catch(async (error: unknown) => {
    await jobs.close();
    await engine.close();
    throw error;
  });
  log(`listening on ${toOrigin(host, address.port)}`);
  if (!isLoopback(host)) log(`warning: ${describeExposure(host, keys.isRequired())}`);
  if (process.platform === 'linux' && !(await canCapResources())) {
    log(`warning: ${UNCAPPED_WARNING}`);
  }

  let isStopping = false;
  const stop = () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log('stopping');
    jobs.drain();
    void shutDown(app, engine, jobs)
      .then(() => videoInspector.close())
      .then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/**
 * Listens without `app.listen`, which logs a failure with a stack trace before it throws.
 *
 * @throws INVALID_PARAMETER with the address, the reason and the setting to change.
 */
export async function listen(
  app: NestExpressApplication,
  host: string,
  port: number,
): Promise<AddressInfo> {
  await app.init();
  const server = app.getHttpServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `Cannot listen on ${toOrigin(host, port)}: ${LISTEN_ERRORS.get(code) ?? `${code ?? 'unknown error'}. Check HOST and PORT.`}`,
      { cause },
    );
  });
  return server.address() as AddressInfo;
}

const LISTEN_ERRORS: ReadonlyMap<string | undefined, string> = new Map([
  ['EADDRINUSE', 'another process uses this port. Set PORT to a free port.'],
  ['EACCES', 'no permission for this port. Set PORT to a port above 1023.'],
  ['EADDRNOTAVAIL', 'this machine has no such address. Set HOST to one of its addresses.'],
  ['ENOTFOUND', 'the host name is unknown. Set HOST to an address of this machine.'],
]);

function exposedError(host: string): SalamandraError {
  return new SalamandraError(
    'INVALID_PARAMETER',
    `HOST is ${host}, so other machines could use this service, and it has no API keys. Create one with "npx salamandra keys create NAME", or set SALAMANDRA_OPEN=1 if everybody may use it.`,
  );
}

/** Said at the start of a service that other machines can reach. */
function describeExposure(host: string, needsKeys: boolean): string {
  const access = needsKeys
    ? 'so other machines can reach this service. Its API keys are sent without encryption'
    : 'so other machines can use this service. It has no API keys and no encryption';
  return `HOST is ${host}, ${access}: put a reverse proxy with TLS in front of it, and set SALAMANDRA_ALLOWED_HOSTS.`;
}

function toOrigin(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Order: refuse new requests, wait for the running ones, close the engine (remaining requests fail), let their
 * responses end, then close all connections.
 */
async function shutDown(
  app: NestExpressApplication,
  engine: VisionLanguageEngine,
  jobs: JobService,
): Promise<void> {
  const queue = app.get(WorkQueue);
  await queue.drain(MAX_DRAIN_MS);
  await jobs.close();
  await engine.close();
  await queue.drain(LAST_RESPONSE_MS);
  const closed = app.close();
  app.getHttpServer().closeAllConnections();
  await closed;
}

/** Logs each change of the status and each loading step once. */
function createStatusLog(): (status: EngineStatus) => void {
  let last = '';
  return (status) => {
    const line = toStatusLine(status);
    if (line !== last) log(line);
    last = line;
  };
}

function toStatusLine(status: EngineStatus): string {
  switch (status.state) {
    case 'loading':
      return `model: ${status.progress.step}`;
    case 'ready':
      return `model: ${status.model.id} (${status.model.precision}) is ready`;
    case 'failed':
      return `model: ${status.error.code}: ${status.error.publicMessage}${describeCause(status.error)}`;
    case 'closed':
      return 'model: closed';
  }
}

/** The last output of a worker that crashed. Other causes were logged where they occurred. */
function describeCause({ cause }: SalamandraError): string {
  return typeof cause === 'string' ? ` Last output of the process: ${cause}` : '';
}

function log(line: string): void {
  process.stdout.write(`${line}\n`);
}
