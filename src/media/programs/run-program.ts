import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EncodedFile } from '../byte-source.js';
import { decoderKilled } from '../decoder-killed.js';

/** What a decoder wrote. */
export interface ProgramRun {
  /** Exit status; `null` if a signal ended it. */
  readonly status: number | null;
  /** Standard output, up to the limit. */
  readonly output: Uint8Array;
  /** Standard error, its first MAX_LOG_CHARACTERS. Untrusted text. */
  readonly log: string;
}

const MAX_LOG_CHARACTERS = 4_000;

/**
 * Runs a decoder on an untrusted file, which is its standard input: no name of a file reaches its command line, and its
 * working directory holds none of the user's files.
 *
 * There is no deadline here. The decoder runs in the process group of the media worker, which is killed as a whole, and
 * within the worker's limits of memory.
 *
 * @param maxBytes of its standard output, allocated at once. Beyond it, the program is killed.
 * @throws SERVER_UNAVAILABLE if something else killed it; the error of the system if it cannot start.
 */
export async function runProgram(
  path: string,
  args: readonly string[],
  file: EncodedFile,
  maxBytes: number,
): Promise<ProgramRun> {
  const input = openInput(file);
  try {
    return await collect(path, args, input, maxBytes);
  } finally {
    closeSync(input);
  }
}

function collect(
  path: string,
  args: readonly string[],
  input: number,
  maxBytes: number,
): Promise<ProgramRun> {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  const child = spawn(path, args, {
    stdio: [input, 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH, ...(LD_LIBRARY_PATH !== undefined && { LD_LIBRARY_PATH }), LC_ALL: 'C' },
  });
  const output = Buffer.alloc(maxBytes);
  let filled = 0;
  let isFull = false;
  let log = '';
  // Both streams are set to `pipe`.
  child.stdout?.on('data', (chunk: Buffer) => {
    isFull ||= filled + chunk.length > maxBytes;
    if (isFull) child.kill('SIGKILL');
    else filled += chunk.copy(output, filled);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    log = `${log}${chunk.toString('latin1')}`.slice(0, MAX_LOG_CHARACTERS);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (signal === 'SIGKILL' && !isFull) reject(decoderKilled());
      else resolve({ status, output: output.subarray(0, filled), log });
    });
  });
}

/** The descriptor of the file. That of a file in memory has no name any more, so that nothing has to remove it. */
function openInput(file: EncodedFile): number {
  if ('path' in file) return openSync(file.path, 'r');
  const path = join(tmpdir(), `salamandra-${randomUUID()}`);
  const descriptor = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    // With positions, so that the program starts at the first byte.
    for (let at = 0; at < file.bytes.length;) {
      at += writeSync(descriptor, file.bytes, at, file.bytes.length - at, at);
    }
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
