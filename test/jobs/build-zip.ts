import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFileEntry {
  /** Bytes, or text that is written as UTF-8 with the flag that says so. */
  readonly name: string | Buffer;
  readonly content: string | Uint8Array;
  /** Deflated by default. */
  readonly stored?: boolean;
  /** Writes sizes and offset to the extended fields of Zip64. */
  readonly zip64?: boolean;
  /** Fields of both headers to falsify. */
  readonly flags?: number;
  readonly method?: number;
  readonly bytes?: number;
  readonly crc32?: number;
  /** Mode of a Unix file. */
  readonly mode?: number;
}

const UTF8_FLAG = 0x800;
const ZIP64_FIELD = 0x0001;
const IN_ZIP64 = 0xffffffff;

/** Writes a ZIP archive (APPNOTE.TXT 6.3.10), valid unless an entry is falsified. */
export function buildZip(entries: readonly ZipFileEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packed = pack(entry);
    const local = Buffer.concat([localHeader(packed), packed.name, packed.data]);
    directory.push(directoryHeader(packed, entry, offset));
    parts.push(local);
    offset += local.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directoryBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directoryBytes, end]);
}

function pack(entry: ZipFileEntry) {
  const content = Buffer.from(entry.content as Uint8Array);
  const data = entry.stored ? content : deflateRawSync(content);
  return {
    name: Buffer.from(entry.name as Uint8Array),
    data,
    flags: (typeof entry.name === 'string' ? UTF8_FLAG : 0) | (entry.flags ?? 0),
    method: entry.method ?? (entry.stored ? 0 : 8),
    crc32: entry.crc32 ?? crc32(content),
    bytes: entry.bytes ?? content.length,
  };
}

type Packed = ReturnType<typeof pack>;

function localHeader(packed: Packed): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  writeCommon(header, 6, packed, packed.bytes, packed.data.length);
  return header;
}

function directoryHeader(packed: Packed, { mode, zip64 }: ZipFileEntry, offset: number): Buffer {
  const header = Buffer.alloc(46);
  const extra = zip64 ? zip64Field(packed, offset) : Buffer.alloc(0);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(mode === undefined ? 20 : (3 << 8) | 20, 4);
  header.writeUInt16LE(20, 6);
  if (zip64) writeCommon(header, 8, packed, IN_ZIP64, IN_ZIP64);
  else writeCommon(header, 8, packed, packed.bytes, packed.data.length);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(((mode ?? 0) << 16) >>> 0, 38);
  header.writeUInt32LE(zip64 ? IN_ZIP64 : offset, 42);
  return Buffer.concat([header, packed.name, extra]);
}

/** The fields from the flags to the length of the name, which both headers have. */
function writeCommon(
  header: Buffer,
  at: number,
  packed: Packed,
  bytes: number,
  compressedBytes: number,
): void {
  header.writeUInt16LE(packed.flags, at);
  header.writeUInt16LE(packed.method, at + 2);
  header.writeUInt32LE(packed.crc32, at + 8);
  header.writeUInt32LE(compressedBytes, at + 12);
  header.writeUInt32LE(bytes, at + 16);
  header.writeUInt16LE(packed.name.length, at + 20);
}

function zip64Field(packed: Packed, offset: number): Buffer {
  const field = Buffer.alloc(28);
  field.writeUInt16LE(ZIP64_FIELD, 0);
  field.writeUInt16LE(24, 2);
  field.writeBigUInt64LE(BigInt(packed.bytes), 4);
  field.writeBigUInt64LE(BigInt(packed.data.length), 12);
  field.writeBigUInt64LE(BigInt(offset), 20);
  return field;
}
