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
import { parseTokenizerFile } from '../../language/tokenizer-file.js';
import { parseJsonObject } from '../package/json-fields.js';
import { partialDirectory } from '../package/home-folders.js';
import { type ModelManifest, PACKAGE_FILES, type Precision } from '../package/manifest.js';
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
import { invalidModel } from '../package/invalid-model.js';

export interface HubConversion {
  readonly home: string;
  readonly precision: Precision;
  /** Becomes the package. */
  readonly directory: string;
  /** The folder of the checkpoint's files, with their record. */
  readonly source: string;
  /** What becomes of that folder. */
  readonly after: 'delete' | 'keep';
}

/**
 * Small files first: they say what the package will be, whether the weights fit it, and how much room is needed, before
 * gigabytes are fetched. Then shard by shard: fetched, checked, converted, deleted.
 *
 * @throws as `pullModel`.
 */
export async function convertFromHub(
  conversion: HubConversion,
  record: PullRecord,
  talk: PullContext,
  client: HubClient,
): Promise<ModelManifest> {
  const { source, directory, precision, after } = conversion;
  const { repository, commit } = record.snapshot;
  const { agreed, weights, plan } = await discardRefused(source, record, async () => {
    const agreed = await fetchSmallFiles(source, record, talk, client);
    const index = await readFile(join(source, WEIGHT_INDEX_FILE)).catch(() => null);
    const weights = selectWeights(record.snapshot, index);
    const files = await readCheckpointFiles(source);
    const plan = planConversion({ ...files, name: basename(repository) }, precision);
    if (weights.tensorNames) plan.checkTensorNames(weights.tensorNames);
    // A package of a tokenizer that the engine does not read would be of no use.
    parseTokenizerFile(parseJsonObject(files.tokenizer, PACKAGE_FILES.tokenizer), new Set());
    return { agreed, weights, plan };
  });
  const writer = await openConversion(directory, plan, identify(record.snapshot, weights));
  try {
    await checkBeforeDownload(conversion, agreed, weights, { plan, writer }, talk, client);
    const hashes = await convertShards(conversion, agreed, weights, writer, talk, client);
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

/** What would fail later fails before the weights are fetched. */
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
  if (!tensorNames && first && !(await isThere(join(source, first.name)))) {
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

/** @returns SHA-256 in hex of all files of the checkpoint, by name. */
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
      const place = { file: index + 1, files: files.length };
      const progress = { step, ...place, downloadedBytes, convertedBytes, totalBytes };
      onEvent({ kind: 'progress', progress });
    };
    const isConverted = writer.finishedShards.has(file.name);
    // What was converted is what the hub lists, or it would belong to another conversion.
    const { checksum } = file;
    if (isConverted && checksum.kind === 'sha256') hashes.set(file.name, checksum.hex);
    const isNeeded = !isConverted || (after === 'keep' && !(await isThere(path)));
    if (isNeeded || !hashes.has(file.name)) {
      const sha256 = await client.fetch(snapshot, file, path, {
        onProgress: (step, bytes) => report(step, step === 'download' ? bytes : file.bytes, 0),
        onPause: createOnPause({ onEvent }),
        signal,
      });
      // Noted before the conversion is, whose note would make the file superfluous.
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

/** The weights that a conversion reads: a mirror may list others for the same commit. */
function identify({ repository, commit }: HubSnapshot, { files }: WeightSelection): string {
  const listing = files.map(({ name, checksum }) => `${name} ${checksum.hex}\n`).join('');
  return `${repository}@${commit} ${createHash('sha256').update(listing).digest('hex')}`;
}

/** A commit that is refused before its weights are fetched is nothing to go on with: the next pull takes the newest. */
async function discardRefused<T>(
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

/** Bytes that are those of the hub and make no package never will, so nothing is left of the attempt. */
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

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/**
 * Fetches everything but the weights into the folder of the source, and asks for consent to a gated model.
 *
 * @returns the record with the hashes of the files, and the consent where it is needed.
 * @throws as `pullModel`; FORBIDDEN without consent.
 */
export async function fetchSmallFiles(
  source: string,
  record: PullRecord,
  talk: PullContext,
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
  { hub, accept, signal }: PullContext,
): Promise<void> {
  const isAccepted = await accept({
    ...{ repository, licence },
    address: `${hub.endpoint}/${repository}`,
  });
  signal.throwIfAborted();
  if (isAccepted) return;
  throw new SalamandraError('FORBIDDEN', 'The conditions of the model were not accepted.');
}

/**
 * The names in a weight file that lies at the hub: its header is fetched alone.
 *
 * @throws as `HubClient`, MODEL_INVALID for a header that no reader would take.
 */
export async function readRemoteTensorNames(
  client: HubClient,
  snapshot: HubSnapshot,
  file: HubFile,
  options: Parameters<HubClient['readRange']>[3],
): Promise<string[]> {
  if (file.bytes < LENGTH_FIELD_BYTES) throw invalidModel('a weight file is too short');
  const read = (begin: number, end: number) =>
    client.readRange(snapshot, file, { begin, end }, options);
  const length = parseHeaderLength(await read(0, LENGTH_FIELD_BYTES), file.bytes);
  const header = await read(LENGTH_FIELD_BYTES, LENGTH_FIELD_BYTES + length);
  return [...parseSafetensorsHeader(header, file.bytes).keys()];
}
