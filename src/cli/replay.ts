import { readFile } from 'node:fs/promises';

import type { Command } from 'commander';

import type { Configuration } from '../config/configuration.js';
import { MAX_IMAGE_PIXELS } from '../config/limits.js';
import { checkMediaFile, openMedia } from '../engine/media-files.js';
import { parseReceipt } from '../engine/receipts/parse-receipt.js';
import type { Receipt } from '../engine/receipts/receipt.js';
import {
  ANY_SAMPLING,
  type Difference,
  isClip,
  type Replay,
  type ReplayFile,
  replayReceipt,
} from '../engine/receipts/replay.js';
import {
  checkSignature,
  readPublicKey,
  type SignatureState,
} from '../engine/receipts/signing-key.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { hashFile } from '../media/hash-file.js';
import {
  type CommandContext,
  configurationFor,
  createJsonOption,
  createModelOption,
  exampleHelp,
} from './command-context.js';
import { RECEIPT_DIFFERS } from './exit-codes.js';
import type { Terminal } from './terminal.js';
import { withEngine } from './with-engine.js';

interface ReplayOptions {
  readonly model?: string;
  readonly json?: true;
}

const RECEIPT_ARGUMENT = 'a receipt, or a JSON or JSON Lines file with receipts in it';

/** Adds `replay` and `verify-receipt`. */
export function addReplayCommands(program: Command, context: CommandContext): void {
  program
    .command('replay')
    .description('write the texts of receipts again, and name what differs')
    .argument('<receipt>', RECEIPT_ARGUMENT)
    .argument('[file...]', 'the images and videos of the receipts, in any order')
    .addOption(createModelOption())
    .addOption(createJsonOption())
    .addHelpText('after', exampleHelp('caption my.jpg --json > my.json', 'replay my.json my.jpg'))
    .action(async (path: string, files: string[], options: ReplayOptions) => {
      process.exitCode = await replayReceipts(path, files, options, context);
    });
  program
    .command('verify-receipt')
    .description('check the signatures of receipts, without the model')
    .argument('<receipt>', RECEIPT_ARGUMENT)
    .option('--key <key>', 'the public key that must have signed them, in base64')
    .addOption(createJsonOption())
    .addHelpText('after', exampleHelp('verify-receipt my.json'))
    .action(async (path: string, options: { readonly key?: string; readonly json?: true }) => {
      process.exitCode = await verifyReceipts(path, options, context.terminal);
    });
}

async function replayReceipts(
  path: string,
  paths: readonly string[],
  options: ReplayOptions,
  context: CommandContext,
): Promise<number> {
  const { terminal, signal } = context;
  const receipts = await readReceipts(path);
  const files = await openFiles(paths, receipts, signal);
  let exitCode = 0;
  await withEngine(chooseModel(receipts, options), context, async (engine) => {
    for (const [index, receipt] of receipts.entries()) {
      terminal.progress(`Receipt ${index + 1} of ${receipts.length}`);
      const shares = { priority: receipts.length > 1 ? 'batch' : 'interactive' } as const;
      const replay = await replayReceipt(receipt, files, engine, shares, signal);
      const signature = checkSignature(receipt);
      if (replay.outcome !== 'equal' || signature === 'invalid') exitCode = RECEIPT_DIFFERS;
      if (options.json) terminal.result(JSON.stringify({ ...replay, signature }));
      else printReplay(replay, signature, terminal);
    }
  });
  return exitCode;
}

/** The model and the threads of the first receipt, unless the user chose others. */
function chooseModel(
  [first]: readonly Receipt[],
  { model }: ReplayOptions,
): { configuration: Configuration } {
  const isChosen = model !== undefined || process.env['SALAMANDRA_MODEL'] !== undefined;
  const configuration = configurationFor({ model: isChosen ? model : first?.model.id });
  return {
    configuration: {
      ...configuration,
      // The files are the user's own, as those of `caption`.
      imagePixels: MAX_IMAGE_PIXELS,
      ...(process.env['SALAMANDRA_PRECISION'] === undefined &&
        first && { precision: first.model.precision }),
      ...(process.env['SALAMANDRA_THREADS'] === undefined &&
        first && { threads: first.machine.threads }),
    },
  };
}

/** @throws the codes of `checkMediaFile`. */
async function openFiles(
  paths: readonly string[],
  receipts: readonly Receipt[],
  signal: AbortSignal,
): Promise<ReplayFile[]> {
  const clips = new Set(
    receipts.flatMap((receipt) =>
      receipt.media.flatMap(({ sha256 }, index) => (isClip(receipt, index) ? [sha256] : [])),
    ),
  );
  const files: ReplayFile[] = [];
  for (const path of paths) {
    await checkMediaFile(path, 'still');
    const sha256 = await hashFile(path, signal);
    const media = await openMedia(path, ANY_SAMPLING, clips.has(sha256) ? 'clip' : 'still');
    files.push({ media, sha256 });
  }
  return files;
}

/** `equal`, a tab and the text; then a line for each difference. */
function printReplay(
  { outcome, text, differences }: Replay,
  signature: SignatureState,
  terminal: Terminal,
): void {
  terminal.result(text === null ? outcome : `${outcome}\t${text.replace(/\s+/g, ' ')}`);
  if (signature === 'invalid') {
    terminal.result('  signature: invalid, the receipt was changed after it was written');
  }
  for (const difference of differences) terminal.result(`  ${describeDifference(difference)}`);
}

function describeDifference({ field, receipt, here }: Difference): string {
  const found = here === null ? 'missing here' : `here ${JSON.stringify(here)}`;
  return `${field}: receipt ${JSON.stringify(receipt)}, ${found}`;
}

async function verifyReceipts(
  path: string,
  { key, json }: { readonly key?: string; readonly json?: true },
  terminal: Terminal,
): Promise<number> {
  const own = await readPublicKey(configurationFor({}).home);
  let exitCode = 0;
  for (const receipt of await readReceipts(path)) {
    const signature = checkSignature(receipt);
    const publicKey = receipt.signature?.public_key ?? null;
    const isExpected = key === undefined || publicKey === key;
    if (signature !== 'valid' || !isExpected) exitCode = RECEIPT_DIFFERS;
    const isOwn = publicKey !== null && publicKey === own;
    if (json) {
      const line = { signature, public_key: publicKey, is_own_key: isOwn, is_expected: isExpected };
      terminal.result(JSON.stringify(line));
      continue;
    }
    const signer = isOwn ? 'the key of this machine' : 'another key';
    const detail = publicKey === null ? '' : `\t${publicKey} (${signer})`;
    terminal.result(`${isExpected ? signature : 'signed by another key'}${detail}`);
  }
  return exitCode;
}

/**
 * The receipts in a file: alone, in a list, in replies of the API, or in lines of JSON.
 *
 * @throws NOT_FOUND, INVALID_JSON, INVALID_PARAMETER if there is none, or for a malformed one.
 */
async function readReceipts(path: string): Promise<Receipt[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SalamandraError('NOT_FOUND', `${path}: the receipt cannot be read.`, { cause });
  });
  const receipts = findReceipts(parseValues(path, text)).map(parseReceipt);
  if (receipts.length > 0) return receipts;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `${path} has no receipt. The command line writes receipts with --json, the API with "receipts": true.`,
  );
}

function parseValues(path: string, text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    // Then it is a value for each line.
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index): unknown => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new SalamandraError('INVALID_JSON', `${path}, line ${index + 1}: not valid JSON.`, {
        cause,
      });
    }
  });
}

/** Every object that has the members of a receipt, at any depth. */
function findReceipts(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('format' in value && 'prompt' in value && 'machine' in value) return [value];
  return Object.values(value).flatMap(findReceipts);
}
