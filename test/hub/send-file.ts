import type { IncomingMessage, ServerResponse } from 'node:http';

import type { HubFault } from './hub-faults.js';
import type { SyntheticFile } from './synthetic-checkpoint.js';

interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** The rate of each body. Undefined if unlimited. */
export interface Pace {
  bytesPerSecond?: number | undefined;
}

/** Bodies are sent in small pieces, so that few bytes are in flight when the client is killed. */
const PIECE_BYTES = 262_144;
const PACED_PIECE_BYTES = 4_096;

/**
 * Answers a request for a file, whole or by range, with its fault. Calls `onSent` for every range of bytes passed to
 * the kernel.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: SyntheticFile,
  options: {
    readonly etag: string;
    readonly fault: HubFault | undefined;
    readonly pace: Pace;
    onSent(bytes: number): void;
  },
): Promise<void> {
  const { fault } = options;
  const size = file.size + (fault?.kind === 'wrong-size' ? fault.by : 0);
  const asked = fault?.kind === 'no-ranges' ? undefined : request.headers.range;
  const range = parseRange(asked, size);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  const { begin, end } = range ?? { begin: 0, end: size };
  response.writeHead(range ? 206 : 200, {
    'accept-ranges': 'bytes',
    'content-length': end - begin,
    'content-type': 'application/octet-stream',
    etag: options.etag,
    ...(range && { 'content-range': `bytes ${begin}-${end - 1}/${size}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  let sent = 0;
  const pieceBytes = options.pace.bytesPerSecond === undefined ? PIECE_BYTES : PACED_PIECE_BYTES;
  for (const piece of inPieces(withFault(file, { begin, end }, fault), pieceBytes)) {
    if (response.destroyed) return;
    await write(response, piece);
    sent += piece.length;
    options.onSent(piece.length);
    if (options.pace.bytesPerSecond !== undefined) {
      await new Promise((resolve) =>
        setTimeout(resolve, (piece.length / options.pace.bytesPerSecond!) * 1000),
      );
    }
  }
  if (fault?.kind === 'disconnect') response.destroy();
  else if (fault?.kind !== 'stall' || sent === end - begin) response.end();
}

function* withFault(
  file: SyntheticFile,
  { begin, end }: ByteRange,
  fault: HubFault | undefined,
): Generator<Buffer> {
  const stopsEarly = fault?.kind === 'disconnect' || fault?.kind === 'stall';
  const last = stopsEarly ? Math.min(end, begin + fault.afterBytes) : end;
  let at = 0;
  for (const piece of file.read(begin, Math.min(last, file.size))) {
    const isWrong = fault?.kind === 'wrong-byte' && fault.at >= at && fault.at < at + piece.length;
    yield isWrong ? flipByte(piece, fault.at - at) : piece;
    at += piece.length;
  }
  if (last > file.size) yield Buffer.alloc(last - Math.max(begin, file.size));
}

/** Resolves when the bytes are passed to the kernel or the connection is closed. */
async function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    response.write(bytes, () => resolve());
  });
}

function* inPieces(bodies: Iterable<Buffer>, pieceBytes: number): Generator<Buffer> {
  for (const body of bodies) {
    for (let start = 0; start < body.length; start += pieceBytes) {
      yield body.subarray(start, start + pieceBytes);
    }
  }
}

function flipByte(piece: Buffer, at: number): Buffer {
  const copy = Buffer.from(piece);
  copy[at]! ^= 0xff;
  return copy;
}

function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (!match) return undefined;
  const begin = Number(match[1]);
  const end = match[2] ? Math.min(Number(match[2]) + 1, size) : size;
  return begin < end ? { begin, end } : 'unsatisfiable';
}
