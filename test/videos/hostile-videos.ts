import { writeFileSync } from 'node:fs';

/**
 * Writes an AVI with a video stream and a subtitle stream, whose only packet embeds `text` as a GAB2 subtitle file.
 * Players open the embedded file with the demuxer for its content.
 */
export function writeAviWithSubtitles(path: string, text: string): void {
  const video = list(
    'strl',
    chunk('strh', streamHeader('vids', 'MJPG')),
    chunk('strf', bitmapHeader()),
  );
  const subtitles = list(
    'strl',
    chunk('strh', streamHeader('txts', '\0\0\0\0')),
    chunk('strf', Buffer.alloc(0)),
  );
  const main = Buffer.alloc(56);
  main.writeUInt32LE(100_000, 0);
  main.writeUInt32LE(1, 16);
  main.writeUInt32LE(2, 24);
  const header = list('hdrl', chunk('avih', main), video, subtitles);
  const movie = list('movi', chunk('01tx', gab2(text)), chunk('00dc', Buffer.alloc(64)));
  const body = Buffer.concat([Buffer.from('AVI '), header, movie]);
  writeFileSync(path, chunk('RIFF', body));
}

/** GAB2: the signature, a file name in UTF-16, and the file. */
function gab2(text: string): Buffer {
  const name = Buffer.from('a\0', 'utf16le');
  const head = Buffer.alloc(17);
  head.write('GAB2', 0, 'latin1');
  head.writeUInt16LE(2, 5);
  head.writeUInt32LE(name.length, 7);
  const size = Buffer.alloc(6);
  size.writeUInt16LE(4, 0);
  size.writeUInt32LE(Buffer.byteLength(text), 2);
  return Buffer.concat([head.subarray(0, 11), name, size, Buffer.from(text)]);
}

function streamHeader(type: string, codec: string): Buffer {
  const header = Buffer.alloc(56);
  header.write(type + codec, 0, 'latin1');
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(10, 24);
  header.writeUInt32LE(1, 32);
  return header;
}

function bitmapHeader(): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40, 0);
  header.writeUInt32LE(64, 4);
  header.writeUInt32LE(48, 8);
  header.writeUInt16LE(24, 14);
  header.write('MJPG', 16, 'latin1');
  return header;
}

function list(type: string, ...chunks: readonly Buffer[]): Buffer {
  return chunk('LIST', Buffer.concat([Buffer.from(type, 'latin1'), ...chunks]));
}

function chunk(id: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 0, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

/** The boxes that contain a track's data references. */
const BOXES_AROUND = ['moov', 'trak', 'mdia', 'minf', 'dinf', 'dref'];

/** Makes the first track of an MP4 reference an external file. The `moov` box must be at the end. */
export function linkExternalFile(mp4: Buffer, target: string): Buffer {
  const entry = mp4.indexOf('url ', mp4.indexOf('dref')) - 4;
  const alias = aliasEntry(target);
  const ownBytes = mp4.readUInt32BE(entry);
  for (const box of BOXES_AROUND) {
    const at = mp4.indexOf(box) - 4;
    mp4.writeUInt32BE(mp4.readUInt32BE(at) + alias.length - ownBytes, at);
  }
  return Buffer.concat([mp4.subarray(0, entry), alias, mp4.subarray(entry + ownBytes)]);
}

/** A QuickTime alias record: a volume, a file name, and the path in records of type 2 and 18. */
function aliasEntry(target: string): Buffer {
  const head = Buffer.alloc(12 + 150);
  head.write('alis', 4, 'latin1');
  const volumeAt = 12 + 10;
  head.writeUInt8(1, volumeAt);
  head.write('x', volumeAt + 1, 'latin1');
  const nameAt = volumeAt + 28 + 12;
  head.writeUInt8(1, nameAt);
  head.write('x', nameAt + 1, 'latin1');
  const paths = [2, 18].map((type) => {
    const text = Buffer.from(target.length % 2 === 0 ? target : `${target}\0`);
    const record = Buffer.alloc(4);
    record.writeUInt16BE(type, 0);
    record.writeUInt16BE(target.length, 2);
    return Buffer.concat([record, text]);
  });
  const entry = Buffer.concat([head, ...paths, Buffer.from([0xff, 0xff, 0, 0])]);
  entry.writeUInt32BE(entry.length, 0);
  return entry;
}
