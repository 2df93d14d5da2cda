import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { checkList, checkObject, checkString, parseJsonObject } from '../../package/json-fields.js';

/** A converted shard. Tensors and weights by canonical name. */
export interface FinishedShard {
  /** All tensors of the shard. */
  readonly tensors: readonly string[];
  /** Weights completed by the shard, possibly with pending tensors of other shards. */
  readonly weights: readonly string[];
}

/** Record of the converted shards (`journal.json` in the partial folder), needed to resume. */
export interface ConversionJournal {
  readonly shards: ReadonlyMap<string, FinishedShard>;
  /** Records a shard as converted. The journal is synced when the promise resolves. */
  add(name: string, shard: FinishedShard): Promise<void>;
}

const JOURNAL_FILE = 'journal.json';
const MAX_NAMES = 1 << 20;
const MAX_NAME = 1 << 16;

/** Identifies the conversion of a partial folder. */
export interface ConversionKey {
  /** Identifies the checkpoint. */
  readonly identity: string;
  /** Digest of the plan. */
  readonly plan: string;
}

/**
 * Loads the journal of a partial folder. The folder is emptied if it belongs to another conversion.
 *
 * @param isUsable whether the weight files that the journal describes exist.
 */
export async function openJournal(
  directory: string,
  key: ConversionKey,
  isUsable: () => Promise<boolean>,
): Promise<ConversionJournal> {
  let shards = await readShards(directory, key);
  if (!shards || !(await isUsable())) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    shards = new Map();
  }
  const finished = shards;
  return {
    shards: finished,
    add: async (name, shard) => {
      finished.set(name, shard);
      await replaceFile(
        directory,
        JSON.stringify({ ...key, shards: Object.fromEntries(finished) }),
      );
    },
  };
}

async function readShards(
  directory: string,
  key: ConversionKey,
): Promise<Map<string, FinishedShard> | undefined> {
  try {
    const json = parseJsonObject(await readFile(join(directory, JOURNAL_FILE)), 'journal');
    if (json['identity'] !== key.identity || json['plan'] !== key.plan) return undefined;
    const names = (value: unknown, label: string) =>
      Array.isArray(value) && value.length === 0
        ? []
        : checkList(value, label, MAX_NAMES, (item) => checkString(item, label, MAX_NAME));
    return new Map(
      Object.entries(checkObject(json['shards'], 'shards')).map(([name, value]) => {
        const shard = checkObject(value, name);
        const tensors = names(shard['tensors'], 'tensors');
        return [name, { tensors, weights: names(shard['weights'], 'weights') }];
      }),
    );
  } catch {
    // Missing or invalid journal: start over.
    return undefined;
  }
}

/** Atomic: a crash leaves the old or the new journal. */
async function replaceFile(directory: string, text: string): Promise<void> {
  const next = join(directory, `${JOURNAL_FILE}.next`);
  const handle = await open(next, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, join(directory, JOURNAL_FILE));
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
