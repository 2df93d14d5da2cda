import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type HubFile, type HubSnapshot, isFilePath } from '../hub/hub-snapshot.js';
import {
  type JsonObject,
  checkHex,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
  checkString,
  parseJsonObject,
} from '../package/json-fields.js';
import { invalidModel } from '../package/invalid-model.js';

/** State of a download (`pull.json` in its folder), needed to resume it and to work offline. */
export interface PullRecord {
  readonly snapshot: HubSnapshot;
  /** Requested branch, tag or commit; null for the default branch. */
  readonly revision: string | null;
  /** `kept`: the pull is finished and all files were kept (`--keep-source`). */
  readonly state: 'unfinished' | 'kept';
  /** Consent to the conditions of a gated model. */
  readonly conditions: 'not-asked' | 'accepted';
  /** SHA-256 in hex of verified files, by name. */
  readonly hashes: ReadonlyMap<string, string>;
}

const RECORD_FILE = 'pull.json';
const MAX_FILES = 10_000;

/** `null` if the file is missing or invalid. */
export async function readPullRecord(directory: string): Promise<PullRecord | null> {
  try {
    const json = parseJsonObject(await readFile(join(directory, RECORD_FILE)), RECORD_FILE);
    return {
      snapshot: parseSnapshot(checkObject(json['snapshot'], 'snapshot')),
      revision: json['revision'] === null ? null : checkString(json['revision'], 'revision', 200),
      state: checkOneOf(json['state'], 'state', ['unfinished', 'kept']),
      conditions: checkOneOf(json['conditions'], 'conditions', ['not-asked', 'accepted']),
      hashes: new Map(
        Object.entries(checkObject(json['hashes'], 'hashes')).map(([name, hash]) => [
          name,
          checkHex(hash, 'hash', 64),
        ]),
      ),
    };
  } catch {
    return null;
  }
}

/** Written to a new file and renamed: a kill leaves the old or the new record. */
export async function writePullRecord(directory: string, record: PullRecord): Promise<void> {
  const { snapshot, hashes } = record;
  const json = {
    ...record,
    snapshot: { ...snapshot, files: [...snapshot.files.values()] },
    hashes: Object.fromEntries(hashes),
  };
  const path = join(directory, RECORD_FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(json, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

function parseSnapshot(json: JsonObject): HubSnapshot {
  const files = checkList(json['files'], 'files', MAX_FILES, (item, label) =>
    parseFile(checkObject(item, label)),
  );
  return {
    repository: checkString(json['repository'], 'repository', 200),
    commit: checkHex(json['commit'], 'commit', 40),
    licence: checkString(json['licence'], 'licence', 64),
    access: checkOneOf(json['access'], 'access', ['open', 'gated']),
    files: new Map(files.map((file) => [file.name, file])),
  };
}

function parseFile(json: JsonObject): HubFile {
  const name = checkString(json['name'], 'name', 128);
  if (!isFilePath(name)) throw invalidModel('a file name in pull.json has unknown folders');
  const checksum = checkObject(json['checksum'], 'checksum');
  const kind = checkOneOf(checksum['kind'], 'kind', ['sha256', 'git-sha1']);
  return {
    name,
    bytes: checkInteger(json['bytes'], 'bytes', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    checksum: { kind, hex: checkHex(checksum['hex'], 'hex', kind === 'sha256' ? 64 : 40) },
  };
}
