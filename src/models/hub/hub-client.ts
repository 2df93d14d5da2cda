import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkWithProgress, downloadFile, type DownloadOptions } from './download-file.js';
import {
  type ByteRange,
  createDownloadUrl,
  type DownloadUrl,
  requestRange,
} from './range-request.js';
import { createHubAgents } from './proxy-agents.js';
import type { HubConnection } from './hub-request.js';
import { HUB_POLICY, type HubPolicy, withRetries } from './retry-policy.js';
import type { HubSettings } from './hub-settings.js';
import { resolveSnapshot, type HubFile, type HubSnapshot } from './hub-snapshot.js';

type Waiting = Pick<DownloadOptions, 'onPause' | 'signal'>;

/** Of the first question: a mistyped address or a missing network shows at once. */
const MAX_FIRST_FAILURES = 3;

/** A hub, or with the network off what was fetched from it before. */
export interface HubClient {
  /** @param revision a branch, a tag or a commit; null for the newest. */
  resolveSnapshot(
    repository: string,
    revision: string | null,
    options: Waiting,
  ): Promise<HubSnapshot>;
  /**
   * Brings a file to its place unless it is there, and checks it in any case.
   *
   * @returns SHA-256 in hex.
   */
  fetch(
    snapshot: HubSnapshot,
    file: HubFile,
    path: string,
    options: DownloadOptions,
  ): Promise<string>;
  /** A short stretch of a file, unchecked. */
  readRange(
    snapshot: HubSnapshot,
    file: HubFile,
    range: ByteRange,
    options: Waiting,
  ): Promise<Buffer>;
  /** Ends all connections. */
  close(): void;
}

/** Every method throws what `requestHub` does, and HUB_UNAVAILABLE where the network is off and would be needed. */
export function createHubClient(settings: HubSettings, policy: HubPolicy = HUB_POLICY): HubClient {
  if (settings.network === 'offline') return createOfflineClient();
  const agents = createHubAgents(policy.connections);
  const hub: HubConnection = { settings, policy, agents };
  const address = (snapshot: HubSnapshot, file: HubFile) =>
    createDownloadUrl(settings.endpoint, snapshot, file);
  return {
    resolveSnapshot: (repository, revision, { onPause, signal }) => {
      const first = { ...policy, maxFailures: Math.min(policy.maxFailures, MAX_FIRST_FAILURES) };
      return resolveSnapshot(repository, revision, { ...hub, policy: first }, onPause, signal);
    },
    fetch: (snapshot, file, path, options) =>
      downloadFile(address(snapshot, file), path, hub, options),
    readRange: (snapshot, file, range, { onPause, signal }) =>
      withRetries(
        () => collectRange(address(snapshot, file), range, hub, signal),
        policy,
        onPause,
        signal,
      ),
    close: () => agents.close(),
  };
}

function createOfflineClient(): HubClient {
  return {
    resolveSnapshot: () => Promise.reject(offline()),
    fetch: async (_, file, path, options) => {
      const sha256 = await checkWithProgress(path, file, options).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      });
      if (sha256 === null) throw offline();
      return sha256;
    },
    readRange: () => Promise.reject(offline()),
    close: () => undefined,
  };
}

function offline(): SalamandraError {
  return new SalamandraError(
    'HUB_UNAVAILABLE',
    'Not all files of the model are on this machine, and the network is switched off.',
    { retryable: false },
  );
}

async function collectRange(
  address: DownloadUrl,
  range: ByteRange,
  hub: HubConnection,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await requestRange(address, range, hub, signal, (chunk) => {
    chunks.push(chunk);
    return Promise.resolve();
  });
  return Buffer.concat(chunks);
}
