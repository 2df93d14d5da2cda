import type { AddressInfo } from 'node:net';

import type { Configuration } from '../config/configuration.js';
import { MAX_DRAIN_MS } from '../config/limits.js';
import { createWorkerEngine } from '../workers/worker-engine.js';
import { createMediaInspector } from '../workers/media-inspector.js';
import type { EngineStatus, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createMediaFetcher } from '../media/remote/media-fetcher.js';
import { createApp } from './create-app.js';
import { createCalibrationFinder } from './routes/calibrations.js';
import { RequestGate } from './request/request-gate.js';

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
  const videoInspector = createMediaInspector({ entry: new URL('./media.worker.js', workerEntry) });
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
