const CLEAR_CODE = 256;
const END_CODE = 257;
const FIRST_FREE_CODE = 258;
const MIN_CODE_BITS = 9;
const MAX_CODES = 4_096;

/**
 * Whether a strip is in the LZW variant of TIFF 5 and earlier, which writes the bits of a code in reverse order. Both
 * variants start with a clear code.
 */
export function isOldLzw(data: Uint8Array): boolean {
  return data[0] === 0 && ((data[1] ?? 0) & 1) === 1;
}

/**
 * Decompresses TIFF's LZW: codes of 9 to 12 bits, most significant bit first, one code early at each change of width.
 * Source: TIFF 6.0, section 13.
 *
 * @param limit bytes of the result at most; longer data is cut off.
 * @returns the bytes before the end code, the end of the data, `limit`, or the first invalid code.
 */
export function decompressLzw(data: Uint8Array, limit: number): Uint8Array {
  const result = new Uint8Array(limit);
  // An entry of the table is the string of an earlier code and one more byte. Both are in the result already, so the
  // table stores their place in it.
  const starts = new Int32Array(MAX_CODES);
  const lengths = new Int32Array(MAX_CODES);
  let written = 0;
  let free = FIRST_FREE_CODE;
  let bits = MIN_CODE_BITS;
  let previousStart = -1;
  let previousLength = 0;
  let buffer = 0;
  let buffered = 0;

  for (let at = 0; written < limit;) {
    while (buffered < bits && at < data.length) {
      buffer = ((buffer << 8) | (data[at++] as number)) & 0xff_ffff;
      buffered += 8;
    }
    if (buffered < bits) break;
    buffered -= bits;
    const code = (buffer >>> buffered) & ((1 << bits) - 1);
    if (code === END_CODE) break;
    if (code === CLEAR_CODE) {
      free = FIRST_FREE_CODE;
      bits = MIN_CODE_BITS;
      previousStart = -1;
      continue;
    }

    const start = written;
    if (code < CLEAR_CODE) {
      result[written++] = code;
    } else if (code < free) {
      const from = starts[code] as number;
      const end = from + (lengths[code] as number);
      for (let index = from; index < end && written < limit; index++) {
        result[written++] = result[index] as number;
      }
    } else if (code === free && previousStart >= 0) {
      // The string of this code ends with its own first byte.
      const end = previousStart + previousLength + 1;
      for (let index = previousStart; index < end && written < limit; index++) {
        result[written++] = result[index] as number;
      }
    } else {
      break;
    }
    if (previousStart >= 0 && free < MAX_CODES) {
      // The previous string and the first byte of this one, which follows it in the result.
      starts[free] = previousStart;
      lengths[free] = previousLength + 1;
      free += 1;
      if (free + 1 >= 1 << bits && bits < 12) bits += 1;
    }
    previousStart = start;
    previousLength = written - start;
  }
  return result.subarray(0, written);
}
