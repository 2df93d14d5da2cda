import type { ByteSource } from '../byte-source.js';
import { damagedImage } from '../image-errors.js';

/** What the header of a PBM, PGM, PPM or PAM file declares. */
export interface PnmHeader {
  readonly width: number;
  readonly height: number;
  /** Samples per pixel: gray or RGB, and alpha. */
  readonly samples: 1 | 2 | 3 | 4;
  /** The sample value of white; 1 for bitmaps. */
  readonly maximum: number;
  /** `bits` is one bit per pixel, `text` decimal numbers. */
  readonly encoding: 'bits' | 'bytes' | 'text';
  /** In bitmaps (PBM) 1 is black. */
  readonly isInverted: boolean;
  /** Offset of the first sample. */
  readonly pixelsAt: number;
}

/** Headers are short, but they may have comments. */
const MAX_HEADER_BYTES = 65_536;

const VARIANTS = {
  P1: { samples: 1, encoding: 'text' },
  P2: { samples: 1, encoding: 'text' },
  P3: { samples: 3, encoding: 'text' },
  P4: { samples: 1, encoding: 'bits' },
  P5: { samples: 1, encoding: 'bytes' },
  P6: { samples: 3, encoding: 'bytes' },
} as const;

/**
 * Reads the header. Source: the format descriptions of Netpbm (pbm, pgm, ppm, pam).
 *
 * @throws MEDIA_CORRUPT
 */
export function readPnmHeader(source: ByteSource): PnmHeader {
  const text = Buffer.from(source.read(0, MAX_HEADER_BYTES)).toString('latin1');
  const magic = text.slice(0, 2);
  if (magic === 'P7') return readPamHeader(text);
  const variant = VARIANTS[magic as keyof typeof VARIANTS];
  const isBitmap = magic === 'P1' || magic === 'P4';
  const values: number[] = [];
  let at = 2;
  for (let left = isBitmap ? 2 : 3; left > 0; left--) {
    const gap = /^(?:\s|#[^\n\r]*[\n\r])+/.exec(text.slice(at, MAX_HEADER_BYTES));
    const digits = /^\d{1,9}/.exec(text.slice(at + (gap?.[0].length ?? 0)));
    if (!gap || !digits) throw damaged('its header is incomplete', at);
    values.push(Number(digits[0]));
    at += gap[0].length + digits[0].length;
  }
  const [width = 0, height = 0, maximum = 1] = values;
  // One white space ends the header.
  return check({ ...variant, width, height, maximum, isInverted: isBitmap, pixelsAt: at + 1 });
}

function readPamHeader(text: string): PnmHeader {
  const end = /\nENDHDR[^\S\n]*\n/.exec(text);
  if (!end) throw damaged('its header is incomplete', 0);
  const header = text.slice(0, end.index + 1);
  const read = (name: string) =>
    Number(new RegExp(`^${name}\\s+(\\d{1,9})\\s*$`, 'm').exec(header)?.[1] ?? 0);
  const samples = read('DEPTH');
  if (samples !== 1 && samples !== 2 && samples !== 3 && samples !== 4) {
    throw damaged(`it has ${samples} samples per pixel`, 0);
  }
  return check({
    ...{ width: read('WIDTH'), height: read('HEIGHT'), maximum: read('MAXVAL'), samples },
    ...{ encoding: 'bytes', isInverted: false, pixelsAt: end.index + end[0].length },
  });
}

function check(header: PnmHeader): PnmHeader {
  const { width, height, maximum } = header;
  if (width < 1 || height < 1) throw damaged('its width or height is 0', 2);
  if (maximum < 1 || maximum > 65_535) throw damaged(`its maximum is ${maximum}`, 2);
  return header;
}

function damaged(finding: string, byte: number) {
  return damagedImage({ format: 'PNM', finding, byte });
}
