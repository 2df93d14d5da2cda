import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkOneOf,
  checkString,
} from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';
import { compilePattern } from '../models/package/split-expressions.js';
import { fromByteLevel } from './byte-level.js';
import { prependScheme } from './pre-tokenizers.js';
import { findStep, listSteps } from './tokenizer-steps.js';

/** `start` drops the space that SentencePiece adds before the first word of a text; `middle` continues a text. */
export type TextPosition = 'start' | 'middle';

/** Decodes the pieces of one text in order. Texts come out as soon as they are final. */
interface PieceDecoder {
  push(piece: string): string[];
  /** The remaining text. Do not use the decoder afterwards. */
  end(): string[];
}

/** The `decoder` of tokenizer.json. */
export interface TokenDecoder {
  /** Starts a text. */
  start(position: TextPosition): PieceDecoder;
  /** The bytes that a piece stands for, if it stands for bytes and not for text. */
  bytesOf(piece: string): readonly number[] | null;
}

/** A step of the decoder. `isFused`: its input is one long piece that arrives in parts. */
interface Step {
  readonly start: (position: TextPosition, isFused: boolean) => PieceDecoder;
  /** Whether its output is one long piece. */
  readonly fuses?: boolean;
  /** Whether it can read one long piece in parts. */
  readonly readsFused?: boolean;
  readonly bytesOf?: (piece: string) => readonly number[] | null;
}

const MAX_STRIP = 64;

/** A byte token (byte fallback): one byte of a character that is not in the vocabulary. */
const BYTE_PIECE = /^<0x([0-9A-Fa-f]{2})>$/;

/** By `type` in tokenizer.json. */
const STEPS: Readonly<Record<string, (json: JsonObject) => Step>> = {
  ByteLevel: () => ({ start: decodeByteLevel, fuses: true, bytesOf: fromByteLevel }),
  ByteFallback: () => ({ start: decodeByteFallback, bytesOf: byteOf }),
  Fuse: () => ({ start: () => mapPieces((piece) => piece), fuses: true, readsFused: true }),
  Metaspace: createMetaspace,
  Replace: createReplace,
  Strip: createStrip,
};

/**
 * Creates the `decoder` of tokenizer.json. Its text equals that of the `tokenizers` library.
 *
 * @throws MODEL_INVALID without a decoder, for a type that is not supported, and for steps that need whole pieces after
 *   the pieces were fused
 */
export function createTokenDecoder(json: unknown): TokenDecoder {
  const steps = listSteps(json, 'decoder').map((step) => findStep(step, 'decoder', STEPS)(step));
  if (steps.length === 0) throw invalidModel('decoder must be an object, found no decoder');
  const firstFuse = steps.findIndex(({ fuses }) => fuses === true);
  if (steps.some(({ readsFused }, index) => firstFuse >= 0 && index > firstFuse && !readsFused)) {
    throw invalidModel(
      'decoder: a step after Fuse or ByteLevel needs whole pieces, which is not supported',
    );
  }
  return {
    bytesOf: (piece) => {
      for (const { bytesOf } of steps) {
        const bytes = bytesOf?.(piece);
        if (bytes) return bytes;
      }
      return null;
    },
    start: (position) =>
      chain(steps.map(({ start }, index) => start(position, firstFuse >= 0 && index > firstFuse))),
  };
}

/** Feeds the output of each decoder to the next one. */
function chain(decoders: readonly PieceDecoder[]): PieceDecoder {
  const pushAll = (pieces: readonly string[], from: number): string[] =>
    decoders
      .slice(from)
      .reduce<string[]>(
        (texts, decoder) => texts.flatMap((text) => decoder.push(text)),
        [...pieces],
      );
  return {
    push: (piece) => pushAll([piece], 0),
    end: () => decoders.flatMap((decoder, index) => pushAll(decoder.end(), index + 1)),
  };
}

function mapPieces(change: (piece: string) => string): PieceDecoder {
  return { push: (piece) => [change(piece)], end: () => [] };
}

/** Bytes to UTF-8, with U+FFFD for what is not: characters may be spread over several pieces. */
function decodeByteLevel(): PieceDecoder {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (piece) => [decoder.decode(Uint8Array.from(fromByteLevel(piece)), { stream: true })],
    end: () => [decoder.decode()],
  };
}

function byteOf(piece: string): number[] | null {
  const byte = BYTE_PIECE.exec(piece)?.[1];
  return byte === undefined ? null : [Number.parseInt(byte, 16)];
}

/**
 * A run of byte tokens is buffered until it ends. The reference decodes a run as a whole and replaces each byte by
 * U+FFFD if the run is not valid UTF-8, so its first character depends on its last byte.
 */
function decodeByteFallback(): PieceDecoder {
  let bytes: number[] = [];
  const flush = (): string[] => {
    const run = decodeRun(bytes);
    bytes = [];
    return run;
  };
  return {
    push(piece) {
      const byte = byteOf(piece);
      if (!byte) return [...flush(), piece];
      bytes.push(...byte);
      return [];
    },
    end: flush,
  };
}

function decodeRun(bytes: readonly number[]): string[] {
  if (bytes.length === 0) return [];
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return [decoder.decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => '\ufffd');
  }
}

/** `▁` to a space. Unless nothing is prepended when encoding, the first piece of a text loses it. */
function createMetaspace(json: JsonObject): Step {
  const mark = checkString(json['replacement'] ?? '▁', 'decoder.replacement', 4);
  const isDropped = prependScheme(json) !== 'never';
  return {
    readsFused: true,
    start(position, isFused) {
      let isFirst = position === 'start';
      return mapPieces((piece) => {
        const text = piece.replaceAll(mark, isFirst && isDropped ? '' : ' ');
        isFirst &&= isFused;
        return text;
      });
    },
  };
}

function createReplace(json: JsonObject): Step {
  const pattern = compilePattern(json['pattern']);
  const { String: literal } = checkObject(json['pattern'], 'decoder.pattern');
  const content = String(json['content']);
  return {
    // A longer pattern could begin in one part and end in the next.
    readsFused: typeof literal === 'string' && literal.length === 1,
    start: () => mapPieces((piece) => piece.replace(pattern, () => content)),
  };
}

/** Drops up to `start` characters `content` at the start. With `stop` above 0, the reference fails for short texts. */
function createStrip(json: JsonObject): Step {
  const content = checkString(json['content'], 'decoder.content', 2);
  const limit = checkInteger(json['start'], 'decoder.start', { min: 0, max: MAX_STRIP });
  checkOneOf(json['stop'], 'decoder.stop', [0]);
  return {
    readsFused: true,
    start(position, isFused) {
      let toDrop = isFused && position === 'middle' ? 0 : limit;
      return mapPieces((piece) => {
        let text = piece;
        let dropped = 0;
        for (; dropped < toDrop && text.startsWith(content); dropped++) {
          text = text.slice(content.length);
        }
        // If a part is all spaces, the next one may start with further spaces.
        if (isFused) toDrop = text === '' ? toDrop - dropped : 0;
        return text;
      });
    },
  };
}
