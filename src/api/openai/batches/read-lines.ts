const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A line of a file, without its line feed. */
export interface RawLine {
  /** From 1. */
  readonly number: number;
  /** Of its first byte. */
  readonly offset: number;
  /** `undefined` for a line above the limit. */
  readonly bytes: Buffer | undefined;
}

/** The lines of a file with their positions. A byte order mark at the start is left out. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<RawLine> {
  let number = 1;
  let offset = 0;
  let pieces: Buffer[] = [];
  let length = 0;
  const keep = (piece: Buffer) => {
    length += piece.length;
    if (length <= maxBytes) pieces.push(piece);
    else pieces = [];
  };
  const end = (): RawLine => {
    const bytes = length <= maxBytes ? Buffer.concat(pieces) : undefined;
    const isMarked = number === 1 && bytes?.subarray(0, 3).equals(BYTE_ORDER_MARK);
    const line = isMarked
      ? { number, offset: 3, bytes: bytes?.subarray(3) }
      : { number, offset, bytes };
    number++;
    pieces = [];
    length = 0;
    return line;
  };
  let position = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, at));
      yield end();
      start = at + 1;
      offset = position + start;
    }
    keep(chunk.subarray(start));
    position += chunk.length;
  }
  if (length > 0) yield end();
}
