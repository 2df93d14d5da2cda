import type { ByteSource } from '../byte-source.js';
import { createReducer, type Reduction } from '../reduce-rows.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import { COLOR_CHANNELS, damaged, type PsdHeader } from './read-psd-header.js';

/**
 * Decodes the composite of a Photoshop file to a baseline TIFF with 8-bit samples, alpha and color profile.
 *
 * @param reduction averages this many pixels into one.
 * @throws MEDIA_CORRUPT
 */
export function decodePsd(source: ByteSource, header: PsdHeader, reduction: Reduction): Uint8Array {
  const { width, height, model, hasAlpha, iccProfile, palette, bits } = header;
  const colorSamples = model === 'cmyk' ? 4 : model === 'rgb' || model === 'indexed' ? 3 : 1;
  const samples = colorSamples + (hasAlpha ? 1 : 0);
  const { file, pixels } = createBaselineTiff({
    width: Math.ceil(width / reduction.across),
    height: Math.ceil(height / reduction.down),
    ...{ colorSamples, alpha: hasAlpha ? 'straight' : null },
    ...{ orientation: 1, iccProfile },
  });
  const sink = createReducer(header, samples, reduction, pixels);
  const planes = COLOR_CHANNELS[model] + (hasAlpha ? 1 : 0);
  const readRow = createRowReader(source, header);
  const row = new Uint8Array(width * samples);
  const step = bits === 16 ? 2 : 1;
  for (let y = 0; y < height; y++) {
    for (let plane = 0; plane < planes; plane++) {
      const stored = readRow(plane, y);
      for (let x = 0, to = plane; x < width; x++, to += samples) {
        if (model === 'bitmap') {
          row[to] = (((stored[x >> 3] as number) >> (7 - (x & 7))) & 1) === 1 ? 0 : 255;
        } else if (model === 'indexed' && plane === 0) {
          const index = stored[x] as number;
          for (let color = 0; color < 3; color++)
            row[to + color] = palette[index + 256 * color] ?? 0;
        } else {
          const value = stored[x * step] as number;
          // Ink is stored inverted; the alpha of an indexed picture follows its three samples.
          const isInk = model === 'cmyk' && plane < 4;
          row[to + (model === 'indexed' ? 2 : 0)] = isInk ? 255 - value : value;
        }
      }
    }
    sink(row, 1);
  }
  return file;
}

/** The bytes of a row of a channel. Channels are stored one after the other. */
function createRowReader(
  source: ByteSource,
  { width, height, bits, channels, isRunLength, countBytes, dataAt }: PsdHeader,
): (plane: number, y: number) => Uint8Array {
  const rowBytes = Math.ceil((width * bits) / 8);
  if (!isRunLength) {
    return (plane, y) => {
      const row = source.read(dataAt + (plane * height + y) * rowBytes, rowBytes);
      if (row.length < rowBytes) throw damaged('its composite ends early', source.length);
      return row;
    };
  }
  const counts = Buffer.from(source.read(dataAt, channels * height * countBytes));
  if (counts.length < channels * height * countBytes) {
    throw damaged('its composite ends early', source.length);
  }
  const offsets = new Float64Array(channels * height + 1);
  offsets[0] = dataAt + counts.length;
  for (let index = 0; index < channels * height; index++) {
    const count =
      countBytes === 2 ? counts.readUInt16BE(index * 2) : counts.readUInt32BE(index * 4);
    offsets[index + 1] = (offsets[index] as number) + count;
  }
  const row = new Uint8Array(rowBytes);
  return (plane, y) => {
    const start = offsets[plane * height + y] as number;
    const end = offsets[plane * height + y + 1] as number;
    if (end > source.length) throw damaged('its composite ends early', source.length);
    // No row is longer with run lengths than twice its bytes.
    unpackBits(source.read(start, Math.min(end - start, 2 * rowBytes + 2)), row, start);
    return row;
  };
}

/** Source: Apple, "Understanding PackBits" (technical note 1023). */
function unpackBits(packed: Uint8Array, row: Uint8Array, offset: number): void {
  let to = 0;
  for (let at = 0; at < packed.length && to < row.length;) {
    const control = packed[at++] as number;
    if (control === 128) continue;
    if (control < 128) {
      const run = packed.subarray(at, at + Math.min(control + 1, row.length - to));
      row.set(run, to);
      to += run.length;
      at += control + 1;
    } else {
      row.fill(packed[at++] ?? 0, to, to + 257 - control);
      to += 257 - control;
    }
  }
  if (to < row.length) throw damaged('a row of its composite is too short', offset);
}
