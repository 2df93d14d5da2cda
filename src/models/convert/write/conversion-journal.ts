import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { checkList, checkObject, checkString, parseJsonObject } from '../../package/json-fields.js';

/** What was done with a shard, in canonical names. */
export interface FinishedShard {
  /** All that it held. */
  readonly tensors: readonly string[];
  /** The weights that are in their places since, some with parts from other shards. */
  readonly weights: readonly string[];
}

/** What is noted about a conversion that is under way, so that another run can go on with it. */
export interface ConversionJournal {
  readonly shards: ReadonlyMap<string, FinishedShard>;
  /** Notes a shard as finished; it is on the disk when this returns. */
  add(name: string, shard: FinishedShard): Promise<void>;
}

const JOURNAL_FILE = 'journal.json';
const MAX_NAMES = 1 << 20;
const MAX_NAME = 1 << 16;

/** Which conversion a partial folder belongs to. */
export interface ConversionKey {
  readonly identity: string;
  /** The digest of the plan. */
  readonly plan: string;
}

/**
 * Reads the journal of a partial folder, which is emptied when it belongs to another conversion, or to none.
 *
 * @param isUsable whether what the journal speaks of is there.
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
  const noted = shards;
  return {
    shards: noted,
    add: async (name, shard) => {
      noted.set(name, shard);
      await replaceFile(directory, JSON.stringify({ ...key, shards: Object.fromEntries(noted) }));
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
    // None, or one that cannot be read: there is nothing to go on with.
    return undefined;
  }
}

/** A crash leaves the old journal or the new one. */
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
