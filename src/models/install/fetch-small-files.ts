import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { DownloadOptions } from '../hub/download-file.js';
import type { HubClient } from '../hub/hub-client.js';
import { createOnPause, type PullTalk } from './pull-events.js';
import { type PullRecord, writePullRecord } from './pull-record.js';
import { selectSmallFiles, sumBytes } from './select-files.js';

/**
 * Fetches everything but the weights into the folder of the source, and asks for consent to a gated model.
 *
 * @returns the record with the hashes of the files, and the consent where it is needed.
 * @throws as `pullModel`; FORBIDDEN without consent.
 */
export async function fetchSmallFiles(
  source: string,
  record: PullRecord,
  talk: PullTalk,
  client: HubClient,
): Promise<PullRecord> {
  const { snapshot } = record;
  const files = selectSmallFiles(snapshot);
  const totalBytes = sumBytes(files);
  const hashes = new Map(record.hashes);
  let { conditions } = record;
  let fetched = 0;
  for (const file of files) {
    const onProgress: DownloadOptions['onProgress'] = (step, bytes) => {
      const downloadedBytes = fetched + (step === 'download' ? bytes : file.bytes);
      const none = { file: 0, files: 0, convertedBytes: 0 };
      talk.onEvent({
        kind: 'progress',
        progress: { step: 'prepare', ...none, downloadedBytes, totalBytes },
      });
    };
    const options = { onProgress, onPause: createOnPause(talk), signal: talk.signal };
    hashes.set(file.name, await client.fetch(snapshot, file, join(source, file.name), options));
    fetched += file.bytes;
    // The first file came, so the hub grants access; only then there is something to agree to.
    if (snapshot.access === 'gated' && conditions === 'not-asked') {
      await askForConsent(snapshot, talk);
      conditions = 'accepted';
      await writePullRecord(source, { ...record, conditions });
    }
  }
  const agreed: PullRecord = { ...record, conditions, hashes };
  await writePullRecord(source, agreed);
  return agreed;
}

async function askForConsent(
  { repository, licence }: PullRecord['snapshot'],
  { hub, accept, signal }: PullTalk,
): Promise<void> {
  const isAccepted = await accept({
    ...{ repository, licence },
    address: `${hub.endpoint}/${repository}`,
  });
  signal.throwIfAborted();
  if (isAccepted) return;
  throw new SalamandraError('FORBIDDEN', 'The conditions of the model were not accepted.');
}
