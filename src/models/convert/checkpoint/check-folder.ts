import { open, readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';

import { invalidCheckpoint } from '../../package/invalid-model.js';
import { MANIFEST_FILE, PACKAGE_FILES } from '../../package/manifest.js';
import { SMALL_FILES } from './checkpoint-files.js';
import { LFS_POINTER_PROBLEM, LFS_POINTER_START } from './safetensors.js';
import { checkWeightFormat } from './weight-formats.js';

const SLOW_TOKENIZERS = ['tokenizer.model', 'vocab.json', 'vocab.txt', 'spiece.model'];

/**
 * Checks that the files of a checkpoint are there: weights in safetensors, config.json and tokenizer.
 *
 * @param names of all files in its folder or repository.
 * @throws MODEL_INVALID naming a file, and the remedy.
 */
export function checkFileNames(names: Iterable<string>): void {
  const found = new Set(names);
  checkWeightFormat(found);
  for (const name of ['config.json', 'tokenizer_config.json', 'tokenizer.json']) {
    if (found.has(name)) continue;
    const slow = SLOW_TOKENIZERS.find((other) => found.has(other));
    const remedy =
      name === 'tokenizer.json' && slow !== undefined
        ? `There is only ${slow}. Make it with transformers: \`AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)\``
        : 'Download it from the repository of the model';
    throw invalidCheckpoint(name, `the file is missing. ${remedy}`);
  }
}

/**
 * Checks that a path is the folder of a checkpoint, and that its small files are no git-lfs pointers.
 *
 * @throws MODEL_INVALID naming the kind of folder that was found, and the remedy.
 */
export async function checkFolder(directory: string): Promise<void> {
  const names = await readdir(directory).catch(async (cause: unknown) => {
    throw await explainPath(directory, cause);
  });
  const has = (...all: readonly string[]) => all.every((name) => names.includes(name));
  if (names.length === 0) throw invalidCheckpoint(null, 'the folder is empty');
  if (has(MANIFEST_FILE, PACKAGE_FILES.decoder)) {
    throw invalidCheckpoint(
      MANIFEST_FILE,
      'the folder is a model package, so it is converted already. Use it: `npx salamandra serve --model FOLDER`',
    );
  }
  if (has('refs', 'snapshots')) {
    throw invalidCheckpoint(
      null,
      'the folder is an entry of the Hugging Face cache. Use the folder below `snapshots` in it',
    );
  }
  checkFileNames(names);
  for (const name of SMALL_FILES.filter((file) => names.includes(file))) {
    if (await isLfsPointer(join(directory, name))) {
      throw invalidCheckpoint(name, `the file is ${LFS_POINTER_PROBLEM}`);
    }
  }
}

/** The error for a path that is not a readable folder. */
async function explainPath(path: string, cause: unknown): Promise<Error> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return invalidCheckpoint(null, 'the folder does not exist', cause);
  if (found.isDirectory()) return invalidCheckpoint(null, 'the folder cannot be read', cause);
  const name = basename(path);
  if (extname(name) === '.gguf') checkWeightFormat([name]);
  return invalidCheckpoint(
    name,
    'the path is a file. Give the folder with config.json and the weights',
    cause,
  );
}

async function isLfsPointer(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LFS_POINTER_START.length), 0);
    return buffer.subarray(0, bytesRead).toString('latin1') === LFS_POINTER_START;
  } finally {
    await handle.close();
  }
}
