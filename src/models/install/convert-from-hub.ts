import { createHash } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import {
  readCheckpointFiles,
  computeRevision,
  WEIGHT_INDEX_FILE,
} from '../convert/checkpoint/checkpoint-files.js';
import { type ConversionWriter, openConversion } from '../convert/write/conversion-writer.js';
import { type ConversionPlan, planConversion } from '../convert/plan-conversion.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { HubClient } from '../hub/hub-client.js';
import type { HubSnapshot, HubFile } from '../hub/hub-snapshot.js';
import { partialDirectory } from '../package/home-folders.js';
import type { ModelManifest, Precision } from '../package/manifest.js';
import { checkDiskSpace } from './disk-space.js';
import { createOnPause, type PullProgress, type PullContext } from './pull-events.js';
import { type PullRecord, writePullRecord } from './pull-record.js';
import { selectWeights, sumBytes, type WeightSelection, selectSmallFiles } from './select-files.js';
import type { DownloadOptions } from '../hub/download-file.js';
import {
  LENGTH_FIELD_BYTES,
  parseHeaderLength,
  parseSafetensorsHeader,
} from '../convert/checkpoint/safetensors.js';
import { checkingFile, invalidCheckpoint } from '../package/invalid-model.js';

export interface HubConversion {
  readonly home: string;
  readonly precision: Precision;
  /** Folder of the package. */
  readonly directory: string;
  /** Folder of the downloaded checkpoint files and `pull.json`. */
  readonly source: string;
  /** Whether the checkpoint files are deleted after the conversion. */
  readonly after: 'delete' | 'keep';
}

/**
 * Downloads and converts a checkpoint. Configuration and tokenizer come first: from them the package is planned and
 * validated, and the disk space is checked, before gigabytes of weights are downloaded. Then each shard is downloaded,
 * verified, converted and deleted.
 *
 * @throws the errors of `pullModel`.
 */
export async function convertFromHub(
  conversion: HubConversion,
  record: PullRecord,
  context: PullContext,
  client: HubClient,
): Promise<ModelManifest> {
  const { source, directory, precision, after } = conversion;
  const { repository, commit } = record.snapshot;
  const { agreed, weights, plan } = await deleteIfUnusable(source, record, async () => {
    const agreed = await downloadSmallFiles(source, record, context, client);
    const index = await readFile(join(source, WEIGHT_INDEX_FILE)).catch(() => null);
    const weights = selectWeights(record.snapshot, index);
    const files = await readCheckpointFiles(source);
    const plan = planConversion({ ...files, name: basename(repository) }, precision);
    if (weights.tensorNames) plan.checkTensorNames(weights.tensorNames);
    return { agreed, weights, plan };
  });
  const writer = await openConversion(directory, plan, identify(record.snapshot, weights));
  try {
    await checkBeforeDownload(conversion, agreed, weights, { plan, writer }, context, client);
    const hashes = await convertShards(conversion, agreed, weights, writer, context, client);
    const hub = { repository, commit };
    const provenance = { revision: computeRevision(hashes), hub };
    const manifest = await discardInvalid(conversion, writer, () => writer.finish(provenance));
    if (after === 'delete') await rm(source, { recursive: true, force: true });
    else await writePullRecord(source, { ...agreed, hashes, state: 'kept' });
    return manifest;
  } finally {
    await writer.close();
  }
}

/** Checks tensor names and disk space before the weights are downloaded. */
async function checkBeforeDownload(
  { home, directory, source, after }: HubConversion,
  { snapshot }: PullRecord,
  { files, tensorNames }: WeightSelection,
  { plan, writer }: { readonly plan: ConversionPlan; readonly writer: ConversionWriter },
  { onEvent, signal }: PullContext,
  client: HubClient,
): Promise<void> {
  const missing = files.filter(({ name }) => !writer.finishedShards.has(name));
  const [first] = missing;
  if (!tensorNames && first && !(await exists(join(source, first.name)))) {
    const onPause = createOnPause({ onEvent });
    plan.checkTensorNames(
      await readRemoteTensorNames(client, snapshot, first, { onPause, signal }),
    );
  }
  const sizes = (after === 'keep' ? files : missing).map(({ bytes }) => bytes);
  const sourceBytes = after === 'keep' ? sumBytes(files) : Math.max(0, ...sizes);
  await checkDiskSpace(home, [
    { directory: partialDirectory(directory), bytes: plan.bytes },
    { directory: source, bytes: sourceBytes },
  ]);
  onEvent({ kind: 'size-known', downloadBytes: sumBytes(files), packageBytes: plan.bytes });
}

/** @returns SHA-256 in hex of the checkpoint's files, by name. */
async function convertShards(
  conversion: HubConversion,
  record: PullRecord,
  { files }: WeightSelection,
  writer: ConversionWriter,
  { onEvent, signal }: PullContext,
  client: HubClient,
): Promise<ReadonlyMap<string, string>> {
  const { source, after } = conversion;
  const { snapshot } = record;
  const totalBytes = sumBytes(files);
  const hashes = new Map(record.hashes);
  let doneBytes = 0;
  for (const [index, file] of files.entries()) {
    const path = join(source, file.name);
    const report = (step: PullProgress['step'], downloaded: number, converted: number): void => {
      const downloadedBytes = doneBytes + downloaded;
      const convertedBytes = doneBytes + converted;
      const position = { file: index + 1, files: files.length };
      const progress = { step, ...position, downloadedBytes, convertedBytes, totalBytes };
      onEvent({ kind: 'progress', progress });
    };
    const isConverted = writer.finishedShards.has(file.name);
    // A converted shard had the listed checksum: the identity of the conversion contains all checksums.
    const { checksum } = file;
    if (isConverted && checksum.kind === 'sha256') hashes.set(file.name, checksum.hex);
    const isNeeded = !isConverted || (after === 'keep' && !(await exists(path)));
    if (isNeeded || !hashes.has(file.name)) {
      const sha256 = await client.download(snapshot, file, path, {
        onProgress: (step, bytes) => report(step, step === 'download' ? bytes : file.bytes, 0),
        onPause: createOnPause({ onEvent }),
        signal,
      });
      // Recorded before the conversion: once a shard is converted, its file may be deleted and cannot be hashed again.
      hashes.set(file.name, sha256);
      await writePullRecord(source, { ...record, hashes });
    }
    if (!isConverted) {
      const onProgress = (done: number, total: number) =>
        report('convert', file.bytes, Math.floor((done / total) * file.bytes));
      await discardInvalid(conversion, writer, () =>
        writer.addShard(file.name, path, { onProgress, signal }),
      );
    }
    if (after === 'delete') await rm(path, { force: true });
    doneBytes += file.bytes;
  }
  signal.throwIfAborted();
  const end = { file: files.length, files: files.length };
  const bytes = { downloadedBytes: totalBytes, convertedBytes: totalBytes, totalBytes };
  onEvent({ kind: 'progress', progress: { step: 'finish', ...end, ...bytes } });
  return hashes;
}

/** Identity of a conversion. It contains the checksums because a mirror may list other files for the same commit. */
function identify({ repository, commit }: HubSnapshot, { files }: WeightSelection): string {
  const listing = files.map(({ name, checksum }) => `${name} ${checksum.hex}\n`).join('');
  return `${repository}@${commit} ${createHash('sha256').update(listing).digest('hex')}`;
}

/**
 * Deletes the download of a commit that cannot be converted, so that the next pull starts with the newest commit
 * instead of resuming this one.
 */
async function deleteIfUnusable<T>(
  source: string,
  { state }: PullRecord,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isInvalid(error) && state === 'unfinished') {
      await rm(source, { recursive: true, force: true });
    }
    throw error;
  }
}

/** Deletes download and partial package after MODEL_INVALID: the same bytes would fail again. */
async function discardInvalid<T>(
  { source, after }: HubConversion,
  writer: ConversionWriter,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isInvalid(error)) {
      await writer.discard();
      if (after === 'delete') await rm(source, { recursive: true, force: true });
    }
    throw error;
  }
}

function isInvalid(error: unknown): boolean {
  return error instanceof SalamandraError && error.code === 'MODEL_INVALID';
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/**
 * Downloads configuration, tokenizer and model card into the source folder, and asks for consent if the model is gated.
 *
 * @returns the record with the files' hashes and the consent.
 * @throws the errors of `pullModel`; FORBIDDEN without consent.
 */
async function downloadSmallFiles(
  source: string,
  record: PullRecord,
  context: PullContext,
  client: HubClient,
): Promise<PullRecord> {
  const { snapshot } = record;
  const files = selectSmallFiles(snapshot);
  const totalBytes = sumBytes(files);
  const hashes = new Map(record.hashes);
  let { conditions } = record;
  let downloaded = 0;
  for (const file of files) {
    const onProgress: DownloadOptions['onProgress'] = (step, bytes) => {
      const downloadedBytes = downloaded + (step === 'download' ? bytes : file.bytes);
      const none = { file: 0, files: 0, convertedBytes: 0 };
      context.onEvent({
        kind: 'progress',
        progress: { step: 'prepare', ...none, downloadedBytes, totalBytes },
      });
    };
    const options = { onProgress, onPause: createOnPause(context), signal: context.signal };
    hashes.set(file.name, await client.download(snapshot, file, join(source, file.name), options));
    downloaded += file.bytes;
    // Asked after the first file: before it, it is unknown whether the hub grants access at all.
    if (snapshot.access === 'gated' && conditions === 'not-asked') {
      await askForConsent(snapshot, context);
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

/**
 * Tensor names of a remote safetensors file. Downloads its header only.
 *
 * @throws the errors of `HubClient`; MODEL_INVALID for a malformed header.
 */
async function readRemoteTensorNames(
  client: HubClient,
  snapshot: HubSnapshot,
  file: HubFile,
  options: Parameters<HubClient['readRange']>[3],
): Promise<string[]> {
  if (file.bytes < LENGTH_FIELD_BYTES) {
    throw invalidCheckpoint(
      file.name,
      `a safetensors file has at least 8 bytes, found ${file.bytes}`,
    );
  }
  const read = (begin: number, end: number) =>
    client.readRange(snapshot, file, { begin, end }, options);
  const field = await read(0, LENGTH_FIELD_BYTES);
  const length = checkingFile('checkpoint', file.name, () => parseHeaderLength(field, file.bytes));
  const header = await read(LENGTH_FIELD_BYTES, LENGTH_FIELD_BYTES + length);
  return checkingFile('checkpoint', file.name, () => [
    ...parseSafetensorsHeader(header, file.bytes).keys(),
  ]);
}
