import sharp from 'sharp';

import { sniffMediaKind, sniffVideoContainer } from './sniff-media.js';
import { MEDIA_HEAD_BYTES } from './video-formats.js';

/** A head of MEDIA_HEAD_BYTES that starts with this text. */
function head(start: string, rest = '\0'): Uint8Array {
  return Buffer.from(start.padEnd(MEDIA_HEAD_BYTES, rest), 'latin1');
}

/** Three transport stream packets: a sync byte and arbitrary content. */
function packets(bytes: number, lead = ''): string {
  return `${lead}G${'x'.repeat(bytes - 1 - lead.length)}`.repeat(3);
}

describe('sniffMediaKind', () => {
  it.each([
    ['MP4', 'mov', '\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41'],
    ['QuickTime', 'mov', '\0\0\0\x14ftypqt  \0\0\0\0qt  '],
    ['QuickTime before ftyp', 'mov', '\0\0\x10\0moov\0\0\0\x6cmvhd'],
    ['QuickTime that starts with data', 'mov', '\0\0\0\x08wide\0\x10\0\0mdat'],
    ['Matroska', 'matroska', '\x1aE\xdf\xa3\xa3B\x86\x81\x01'],
    ['AVI', 'avi', 'RIFF\x24\0\0\0AVI LIST'],
    ['MPEG-2 program stream', 'mpeg', '\0\0\x01\xba\x44\0'],
    ['transport stream', 'mpegts', packets(188)],
    ['transport stream of a camera', 'mpegts', packets(192, '\0\0\0\0')],
    ['FLV', 'flv', 'FLV\x01\x05\0\0\0\x09'],
    ['ASF', 'asf', '0&\xb2u\x8ef\xcf\x11\xa6\xd9'],
    ['Ogg', 'ogg', 'OggS\0\x02'],
  ])('recognizes a video container: %s, %s', (_, container, start) => {
    expect(sniffMediaKind(head(start))).toBe('video');
    expect(sniffVideoContainer(head(start))).toBe(container);
  });

  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    'recognizes an image: %s',
    async (format) => {
      const blank = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });

      expect(sniffMediaKind(await blank.toFormat(format).toBuffer())).toBe('image');
    },
  );

  it('classifies HEIC as an image, by its brand', () => {
    expect(sniffMediaKind(head('\0\0\0\x18ftypheic\0\0\0\0mif1heic'))).toBe('image');
  });

  it.each([
    ['nothing', ''],
    ['text that starts like a transport stream', 'Good morning'],
    ['a playlist', '#EXTM3U\n#EXT-X-TARGETDURATION:1\nhttp://127.0.0.1/\n'],
    ['a list of files', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
    ['a session', 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n'],
    ['DASH', '<?xml version="1.0"?><MPD>'],
    ['subtitles', '1\n00:00:00,000 --> 00:00:01,000\nHola\n'],
    ['styled subtitles', '[Script Info]\nScriptType: v4.00+\n'],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['a WAV', 'RIFF\x24\0\0\0WAVEfmt '],
    ['an executable', '\x7fELF\x02\x01\x01'],
  ])('recognizes neither in %s', (_, start) => {
    expect(sniffMediaKind(head(start, ' '))).toBeNull();
    expect(sniffVideoContainer(head(start, ' '))).toBeNull();
  });

  it('accepts files shorter than the head', () => {
    expect(sniffMediaKind(new Uint8Array())).toBeNull();
    expect(sniffMediaKind(Buffer.from('G'))).toBeNull();
  });
});
