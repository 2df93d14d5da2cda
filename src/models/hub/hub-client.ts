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

type RetryOptions = Pick<DownloadOptions, 'onPause' | 'signal'>;

/**
 * Retries of the first request are limited, so that a mistyped HF_ENDPOINT or a missing network is reported quickly.
 */
const MAX_FIRST_FAILURES = 3;

/** Access to a Hugging Face hub or, offline, to the files downloaded before. */
export interface HubClient {
  /** Commit and file list of a revision. @param revision branch, tag or commit; null for the default branch. */
  resolveSnapshot(
    repository: string,
    revision: string | null,
    options: RetryOptions,
  ): Promise<HubSnapshot>;
  /**
   * Downloads a file unless it exists, and verifies its checksum.
   *
   * @returns SHA-256 in hex.
   */
  download(
    snapshot: HubSnapshot,
    file: HubFile,
    path: string,
    options: DownloadOptions,
  ): Promise<string>;
  /** Reads a range of a remote file, without a checksum. */
  readRange(
    snapshot: HubSnapshot,
    file: HubFile,
    range: ByteRange,
    options: RetryOptions,
  ): Promise<Buffer>;
  /** Closes all connections. */
  close(): void;
}

/** All methods throw the errors of `requestHub`, and HUB_UNAVAILABLE if the client is offline and a file is missing. */
export function createHubClient(settings: HubSettings, policy: HubPolicy = HUB_POLICY): HubClient {
  if (settings.network === 'offline') return createOfflineClient();
  const agents = createHubAgents(policy.connections);
  const hub: HubConnection = { settings, policy, agents };
  const urlOf = (snapshot: HubSnapshot, file: HubFile) =>
    createDownloadUrl(settings.endpoint, snapshot, file);
  return {
    resolveSnapshot: (repository, revision, { onPause, signal }) => {
      const first = { ...policy, maxFailures: Math.min(policy.maxFailures, MAX_FIRST_FAILURES) };
      return resolveSnapshot(repository, revision, { ...hub, policy: first }, onPause, signal);
    },
    download: (snapshot, file, path, options) =>
      downloadFile(urlOf(snapshot, file), path, hub, options),
    readRange: (snapshot, file, range, { onPause, signal }) =>
      withRetries(
        () => collectRange(urlOf(snapshot, file), range, hub, signal),
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
    download: async (_, file, path, options) => {
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
    'Files of the model are missing on this machine, and the network is disabled. Run the command without --offline and HF_HUB_OFFLINE.',
    { retryable: false },
  );
}

async function collectRange(
  source: DownloadUrl,
  range: ByteRange,
  hub: HubConnection,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await requestRange(source, range, hub, signal, (chunk) => {
    chunks.push(chunk);
    return Promise.resolve();
  });
  return Buffer.concat(chunks);
}
