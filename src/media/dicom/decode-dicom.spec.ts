import { decodeDicom } from './decode-dicom.js';
import type { DicomImage } from './open-dicom.js';

const GRAY: DicomImage = {
  ...{ width: 3, height: 1, samples: 1, bitsAllocated: 8, bitsStored: 8 },
  ...{ isSigned: false, isPlanar: false, coding: 'little-endian', photometric: 'MONOCHROME2' },
  ...{ slope: 1, intercept: 0, window: null, padding: null, palette: null },
  frame: Uint8Array.of(40, 50, 60),
};

/** The file ends with its pixels. */
async function decodeLevels(image: DicomImage): Promise<number[]> {
  return [...(await decodeDicom(image)).subarray(-3)];
}

describe('decodeDicom without a window', () => {
  it('keeps 8 bits as they are', async () => {
    await expect(decodeLevels(GRAY)).resolves.toEqual([40, 50, 60]);
  });

  it('inverts MONOCHROME1', async () => {
    const inverted = { ...GRAY, photometric: 'MONOCHROME1' };
    await expect(decodeLevels(inverted)).resolves.toEqual([215, 205, 195]);
  });

  it('spreads more bits over the range of their values', async () => {
    const frame = Uint8Array.of(0, 1, 0, 2, 0, 3);
    const wide = { ...GRAY, bitsAllocated: 16, bitsStored: 12, frame } as const;
    await expect(decodeLevels(wide)).resolves.toEqual([0, 128, 255]);
  });
});
