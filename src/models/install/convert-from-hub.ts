import { createHash } from 'node:crypto';
import { readFile, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import {
  readCheckpointFiles,
  computeRevision,
  WEIGHT_INDEX_FILE,
} from '../convert/checkpoint/checkpoint-files.js';
import { type ConversionWriter, openConversion } from '../convert/write/conversion-writer.js';
import { listTensors } from '../convert/checkpoint/tensor-list.js';
import type { TensorOrigin } from '../convert/checkpoint/tensor-names.js';
import { type ConversionPlan, planConversion } from '../convert/plan-conversion.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';
import type { HubClient } from '../hub/hub-client.js';
import type { HubSnapshot, HubFile } from '../hub/hub-snapshot.js';
import { partialDirectory } from '../package/home-folders.js';
import type { ModelManifest, Precision } from '../package/manifest.js';
import { checkDiskSpace } from '../package/disk-space.js';
import { createOnPause, type PullProgress, type PullContext } from './pull-events.js';
import { type PullRecord, writePullRecord } from './pull-record.js';
import { downloadSmallFiles } from './download-small-files.js';
import { selectWeights, sumBytes, type WeightSelection } from './select-files.js';
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
  const { agreed, weights, plan } = await leavingNothing(conversion, record, null, async () => {
    const agreed = await downloadSmallFiles(source, record, context, client);
    const index = await readFile(join(source, WEIGHT_INDEX_FILE)).catch(() => null);
    const weights = selectWeights(record.snapshot, index);
    const files = await readCheckpointFiles(source);
    const tensors = await findTensors(source, weights, record, context, client);
    const plan = planConversion({ ...files, name: basename(repository) }, tensors, precision);
    return { agreed, weights, plan };
  });
  for (const note of plan.notes) context.onEvent({ kind: 'note', note });
  const writer = await openConversion(directory, plan, identify(record.snapshot, weights));
  try {
    await leavingNothing(conversion, record, writer, () =>
      checkBeforeDownload(conversion, weights, { plan, writer }, context),
    );
    const hashes = await convertShards(conversion, agreed, weights, writer, context, client);
    const hub = { repository, commit };
    const provenance = { revision: computeRevision(hashes), adapter: null, hub };
    const manifest = await discardInvalid(conversion, writer, () => writer.finish(provenance));
    if (after === 'delete') await rm(source, { recursive: true, force: true });
    else await writePullRecord(source, { ...agreed, hashes, state: 'kept' });
    return manifest;
  } finally {
    await writer.close();
  }
}

/** The checkpoint's tensors, from its index or the header of its only weight file. */
async function findTensors(
  source: string,
  { files, tensors }: WeightSelection,
  { snapshot }: PullRecord,
  { onEvent, signal }: PullContext,
  client: HubClient,
): Promise<readonly TensorOrigin[]> {
  if (tensors) return tensors;
  const [file] = files;
  if (!file || (await exists(join(source, file.name)))) return await listTensors(source);
  const onPause = createOnPause({ onEvent });
  const names = await readRemoteTensorNames(client, snapshot, file, { onPause, signal });
  return names.map((name) => ({ name, file: file.name }));
}

/** Checks the disk space before the weights are downloaded. */
async function checkBeforeDownload(
  { home, directory, source, after }: HubConversion,
  { files }: WeightSelection,
  { plan, writer }: { readonly plan: ConversionPlan; readonly writer: ConversionWriter },
  { onEvent }: PullContext,
): Promise<void> {
  const missing = files.filter(({ name }) => !writer.finishedShards.has(name));
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

/** Errors that repeat unless the model, the account or the disk changes. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'MODEL_INVALID',
  'MODEL_NOT_FOUND',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'STORAGE_FULL',
]);

/**
 * Deletes what a pull wrote if the model is refused before its weights are downloaded. A commit that cannot be
 * converted is always deleted, so that the next pull starts with the newest commit; after the other refusals, the
 * download of an earlier run stays.
 */
async function leavingNothing<T>(
  { source, directory }: HubConversion,
  { state, hashes }: PullRecord,
  writer: ConversionWriter | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isRefused = error instanceof SalamandraError && REFUSALS.has(error.code);
    const isNew = hashes.size === 0 && (writer?.finishedShards.size ?? 0) === 0;
    if (state === 'unfinished' && isRefused && (isNew || isInvalid(error))) {
      await writer?.discard();
      await rm(source, { recursive: true, force: true });
      // The folder of the model, unless another precision is in it.
      await rmdir(dirname(directory)).catch(() => undefined);
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
