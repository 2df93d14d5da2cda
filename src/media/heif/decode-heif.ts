import type { ByteSource } from '../byte-source.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import { DEFAULT_PEAK, type HdrTransfer, toneMap } from '../tone-map.js';
import { decodeHevc } from './libheif.js';
import { readHdrTransfer } from './read-transfer.js';

/** Pixels that are tone-mapped at once. */
const PIECE_PIXELS = 1_000_000;

/**
 * Decodes the primary image of a HEIF file with HEVC to an upright baseline TIFF with 8-bit samples. HDR images are
 * tone-mapped like HDR videos.
 *
 * @param iccProfile of the image; empty for none.
 * @throws Error for a damaged file; UNSUPPORTED_FEATURE
 */
export async function decodeHeif(
  source: ByteSource,
  { hasAlpha, iccProfile }: { readonly hasAlpha: boolean; readonly iccProfile: Uint8Array },
): Promise<Uint8Array> {
  const { width, height, stride, rgba } = await decodeHevc(source.read(0, source.length));
  const channels = hasAlpha ? 4 : 3;
  const { file, pixels } = createBaselineTiff({
    ...{ width, height, colorSamples: 3, alpha: hasAlpha ? 'straight' : null },
    ...{ orientation: 1, iccProfile },
  });
  for (let y = 0, to = 0; y < height; y++) {
    for (let from = y * stride; from < y * stride + width * 4; from += 4, to += channels) {
      pixels[to] = rgba[from] as number;
      pixels[to + 1] = rgba[from + 1] as number;
      pixels[to + 2] = rgba[from + 2] as number;
      if (hasAlpha) pixels[to + 3] = rgba[from + 3] as number;
    }
  }
  const transfer = iccProfile.length === 0 ? readHdrTransfer(source) : null;
  if (transfer !== null) toneMapBytes(pixels, channels, transfer);
  return file;
}

/** Tone-maps pixels of 8 bits in place, alpha aside. */
function toneMapBytes(pixels: Uint8Array, channels: number, transfer: HdrTransfer): void {
  for (let start = 0; start < pixels.length; start += PIECE_PIXELS * channels) {
    const piece = pixels.subarray(start, start + PIECE_PIXELS * channels);
    const wide = new Uint8Array((piece.length / channels) * 6);
    for (let at = 0, to = 0; at < piece.length; at += channels) {
      // Both bytes of a sample have its value: 255 becomes 65,535.
      for (let sample = 0; sample < 3; sample++, to += 2)
        wide.fill(piece[at + sample] as number, to, to + 2);
    }
    const mapped = toneMap(wide, transfer, DEFAULT_PEAK);
    for (let at = 0, from = 0; at < piece.length; at += channels, from += 3) {
      piece.set(mapped.subarray(from, from + 3), at);
    }
  }
}
