import { open } from 'node:fs/promises';

import type { Ffmpeg } from './find-ffmpeg.js';
import { listPackets, type VideoFile } from './run-ffmpeg.js';

/** Packets of a video stream between two restarts of the clock. */
export interface PacketRun {
  /** Position in the file of the first packet; `null` if the demuxer does not report it. */
  readonly startByte: number | null;
  /** Position of the last packet before this run, or -1. The run starts after it. */
  readonly previousByte: number;
  /** First and last presentation time on the container's clock; the last includes the duration of its packet. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Presentation times of the key frames, ascending, on the container's clock. */
  readonly keySeconds: readonly number[];
}

interface StreamIndex {
  readonly packets: number;
  /** At least one. More than one if the clock of the stream restarts. */
  readonly runs: readonly PacketRun[];
}

/** By index of the stream in the file. Streams without timestamps are absent. */
export type PacketIndex = ReadonlyMap<number, StreamIndex>;

/** Tolerance for timestamps that are rounded to container ticks. */
const ROUNDING_SECONDS = 0.001;
/** Decoding times ascend. ffmpeg tolerates the same step back before it assumes a discontinuity. */
const MAX_STEP_BACK_SECONDS = 0.1;
/** Presentation times of consecutive packets go back by the reordering of B-frames. */
const MAX_REORDER_SECONDS = 1;
/** A longer step forward is another clock. A shorter one is a pause, during which the last frame is on show. */
const MAX_PAUSE_SECONDS = 3_600;

/** Stream, presentation time, decoding time, duration, position, flags. */
const PACKET = /^(\d+),(N\/A|-?[\d.]+),(N\/A|-?[\d.]+),(N\/A|[\d.]+),(N\/A|\d+),(K?)/;

/**
 * Walks the packets of all video streams, without decoding, and splits them where the clock restarts: in the files of
 * DVDs, in joined files, and in recordings that were interrupted. After the time limit, the packets so far count.
 */
export async function indexPackets(
  ffmpeg: Ffmpeg,
  file: VideoFile,
  limitMs: number,
): Promise<PacketIndex> {
  const builders = new Map<number, ReturnType<typeof createIndexBuilder>>();
  await listPackets(ffmpeg, file, limitMs, (line) => {
    const packet = parsePacket(line);
    if (!packet) return undefined;
    const builder = builders.get(packet.stream) ?? createIndexBuilder();
    builders.set(packet.stream, builder);
    builder.add(packet);
    return undefined;
  });
  const streams = [...builders].flatMap(([index, { finish }]): [number, StreamIndex][] => {
    const stream = finish();
    return stream ? [[index, stream]] : [];
  });
  return new Map(streams);
}

/** A packet as `listPackets` prints it. */
export interface Packet {
  /** Index of its stream in the file. */
  readonly stream: number;
  readonly pts: number | null;
  readonly dts: number | null;
  readonly duration: number;
  readonly position: number | null;
  readonly isKey: boolean;
}

/** Undefined for a line that lists no packet. */
export function parsePacket(line: string): Packet | undefined {
  const [, stream, pts, dts, duration, position, key] = PACKET.exec(line) ?? [];
  if (stream === undefined) return undefined;
  return {
    stream: Number(stream),
    pts: toSeconds(pts),
    dts: toSeconds(dts),
    duration: toSeconds(duration) ?? 0,
    position: toSeconds(position),
    isKey: key === 'K',
  };
}

/** Packets by the key frame from which they are decoded. */
export interface KeyFrameIndex {
  /** Packets come in decoding order from each key frame on. A key frame that comes again replaces its packets. */
  add(packet: Packet): void;
  /**
   * The key frame from which the frame on show at a time is decoded, and the number of packets from it to that frame;
   * undefined without packets. Times are on the container's clock.
   */
  pathTo(seconds: number): { readonly key: number; readonly packets: number } | undefined;
  /** The latest presentation time; -Infinity without packets. */
  lastSeconds(): number;
}

export function createKeyFrameIndex(): KeyFrameIndex {
  const groups = new Map<number, number[]>();
  let group: number[] | undefined;
  let last = -Infinity;
  return {
    add({ pts, dts, isKey }) {
      const shown = pts ?? dts;
      if (shown === null) return;
      if (isKey) groups.set(shown, (group = []));
      group?.push(shown);
      last = Math.max(last, shown);
    },
    pathTo(seconds) {
      const keys = [...groups.keys()];
      const before = keys.filter((key) => key <= seconds + ROUNDING_SECONDS);
      const key = Math.max(...(before.length > 0 ? before : keys.slice(0, 1)));
      const packets = groups.get(key);
      if (!packets) return undefined;
      return { key, packets: Math.max(packets.filter((each) => each <= seconds).length, 1) };
    },
    lastSeconds: () => last,
  };
}

function createIndexBuilder() {
  const runs: { -readonly [K in keyof PacketRun]: PacketRun[K] }[] = [];
  let keys: number[] = [];
  let packets = 0;
  let previousSeconds = -Infinity;
  let previousByte = -1;

  return {
    add({ pts, dts, duration, position, isKey }: Packet): void {
      packets += 1;
      const clock = dts ?? pts;
      const shown = pts ?? dts;
      if (clock === null || shown === null) return;
      const stepBack = dts === null ? MAX_REORDER_SECONDS : MAX_STEP_BACK_SECONDS;
      const isRestart =
        clock < previousSeconds - stepBack || clock > previousSeconds + MAX_PAUSE_SECONDS;
      let run = runs.at(-1);
      if (!run || isRestart) {
        keys = [];
        run = {
          ...{ startByte: position, previousByte, keySeconds: keys },
          ...{ startSeconds: shown, endSeconds: shown },
        };
        runs.push(run);
      }
      run.startSeconds = Math.min(run.startSeconds, shown);
      // Some containers do not state durations: the distance to the packet before stands in.
      const shownSeconds = duration || (isRestart ? 0 : clock - previousSeconds);
      run.endSeconds = Math.max(run.endSeconds, shown + shownSeconds);
      if (isKey) keys.push(shown);
      previousSeconds = clock;
      previousByte = position ?? previousByte;
    },
    finish: (): StreamIndex | null => (runs.length === 0 ? null : { packets, runs }),
  };
}

function toSeconds(text = ''): number | null {
  return /\d/.test(text) ? Number(text) : null;
}

/** Bytes before the first packet of a run in which its header is searched. */
const HEADER_SEARCH_BYTES = 1_000_000;

/** The start code of the pack header of a program stream. */
const PACK_HEADER = Buffer.from([0, 0, 1, 0xba]);

/** Sizes of the packets of a transport stream, without and with the timestamp of M2TS. */
const TRANSPORT_PACKET_BYTES = [188, 192];

/**
 * The position from which a run of packets can be read as a file of its own; `null` if files of this container cannot
 * be read from the middle.
 */
export async function findRunStart(
  { path, container, bytes: range }: VideoFile,
  { startByte, previousByte }: PacketRun,
): Promise<number | null> {
  if (previousByte < 0) return range?.start ?? 0;
  if (startByte === null) return null;
  // The header is after the last packet before the run.
  const from = Math.max(previousByte + 1, startByte - HEADER_SEARCH_BYTES);
  const bytes = await readBytes(path, from, startByte);
  if (container === 'mpegts') return from + findProgramTable(bytes);
  if (container !== 'mpeg') return null;
  const packHeader = bytes.lastIndexOf(PACK_HEADER);
  return packHeader === -1 ? startByte : from + packHeader;
}

/**
 * The last program association table before the end of the bytes, which names the streams: a packet with identifier 0
 * that starts a section. Without one, the end: the demuxer skips packets until the next table.
 */
function findProgramTable(bytes: Buffer): number {
  for (let at = bytes.length - 3; at >= 0; at--) {
    const isTable =
      bytes[at] === 0x47 && ((bytes[at + 1] ?? 0) & 0x5f) === 0x40 && bytes[at + 2] === 0;
    if (isTable && TRANSPORT_PACKET_BYTES.some((size) => (bytes.length - at) % size === 0)) {
      return at;
    }
  }
  return bytes.length;
}

async function readBytes(path: string, from: number, to: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
