import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkArchitecture } from '../convert/checkpoint/parse-config.js';
import type { DownloadOptions } from '../hub/download-file.js';
import type { HubClient } from '../hub/hub-client.js';
import { checkingFile } from '../package/invalid-model.js';
import { parseJsonObject } from '../package/json-fields.js';
import { createOnPause, type PullContext } from './pull-events.js';
import { type PullRecord, writePullRecord } from './pull-record.js';
import { CONFIG_FILE, selectSmallFiles, sumBytes } from './select-files.js';

/**
 * Downloads configuration, tokenizer and model card into the source folder. The configuration comes first: an
 * architecture that cannot be converted is refused before anything else is downloaded, and before consent is asked for
 * a gated model.
 *
 * @returns the record with the files' hashes and the consent.
 * @throws the errors of `pullModel`; FORBIDDEN without consent.
 */
export async function downloadSmallFiles(
  source: string,
  record: PullRecord,
  context: PullContext,
  client: HubClient,
): Promise<PullRecord> {
  const { snapshot } = record;
  const files = selectSmallFiles(snapshot);
  const totalBytes = sumBytes(files);
  const hashes = new Map(record.hashes);
  let downloaded = 0;
  const download = async (file: (typeof files)[number]): Promise<void> => {
    const onProgress: DownloadOptions['onProgress'] = (step, bytes) => {
      const downloadedBytes = downloaded + (step === 'download' ? bytes : file.bytes);
      const none = { file: 0, files: 0, convertedBytes: 0 };
      context.onEvent({
        kind: 'progress',
        progress: { step: 'prepare', ...none, downloadedBytes, totalBytes },
      });
    };
    const options = { onProgress, onPause: createOnPause(context), signal: context.signal };
    const path = join(source, file.name);
    await mkdir(dirname(path), { recursive: true });
    hashes.set(file.name, await client.download(snapshot, file, path, options));
    downloaded += file.bytes;
  };

  const [configuration, ...others] = files;
  if (configuration) await download(configuration);
  const config = parseJsonObject(await readFile(join(source, CONFIG_FILE)), CONFIG_FILE);
  checkingFile('checkpoint', CONFIG_FILE, () => checkArchitecture(config));
  let { conditions } = record;
  // Asked after the first file: before it, it is unknown whether the hub grants access at all.
  if (snapshot.access === 'gated' && conditions === 'not-asked') {
    await askForConsent(snapshot, context);
    conditions = 'accepted';
    await writePullRecord(source, { ...record, conditions });
  }
  for (const file of others) await download(file);
  const agreed: PullRecord = { ...record, conditions, hashes };
  await writePullRecord(source, agreed);
  return agreed;
}

async function askForConsent(
  { repository, licence }: PullRecord['snapshot'],
  { hub, accept, signal }: PullContext,
): Promise<void> {
  const isAccepted = await accept({
    ...{ repository, licence },
    address: `${hub.endpoint}/${repository}`,
  });
  signal.throwIfAborted();
  if (isAccepted) return;
  throw new SalamandraError(
    'FORBIDDEN',
    'The model is gated and its conditions were not accepted. Run the command again and answer yes.',
  );
}
