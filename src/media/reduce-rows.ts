/** Pixels that become one pixel, on each axis. */
export interface Reduction {
  readonly across: number;
  readonly down: number;
}

/**
 * A function that takes the rows of an image in order and writes them to `target`, averaged if there is a reduction.
 *
 * @param channels bytes per pixel.
 * @param target `ceil(width / across) * ceil(height / down) * channels` bytes.
 */
export function createReducer(
  { width, height }: { readonly width: number; readonly height: number },
  channels: number,
  { across, down }: Reduction,
  target: Uint8Array,
): (rows: Uint8Array, count: number) => void {
  let done = 0;
  if (across === 1 && down === 1) {
    return (rows, count) => {
      target.set(rows, done * width * channels);
      done += count;
    };
  }
  const outWidth = Math.ceil(width / across);
  const sums = new Uint32Array(outWidth * channels);
  return (rows, count) => {
    for (let row = 0; row < count; row++, done++) {
      addRow(rows, row * width * channels);
      const isLastOfBox = (done + 1) % down === 0 || done + 1 === height;
      if (isLastOfBox) writeBoxes((done % down) + 1, Math.floor(done / down));
    }
  };

  function addRow(rows: Uint8Array, start: number): void {
    const end = start + width * channels;
    const boxBytes = across * channels;
    for (let at = start, to = 0; at < end; to += channels) {
      for (const boxEnd = at + boxBytes < end ? at + boxBytes : end; at < boxEnd; at += channels) {
        for (let channel = 0; channel < channels; channel++) {
          sums[to + channel] = (sums[to + channel] as number) + (rows[at + channel] as number);
        }
      }
    }
  }

  function writeBoxes(boxRows: number, outRow: number): void {
    const outAt = outRow * outWidth * channels;
    for (let at = 0; at < sums.length; at++) {
      const boxColumns = Math.min(across, width - Math.floor(at / channels) * across);
      target[outAt + at] = (sums[at] as number) / (boxRows * boxColumns) + 0.5;
    }
    sums.fill(0);
  }
}
