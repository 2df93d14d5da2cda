import { SalamandraError } from '../errors/salamandra-error.js';

/** A file that is not what its own header declares. */
export interface Damage {
  /** Name of the format in messages. */
  readonly format: string;
  /** What is wrong, as a clause: `strip 3 of 5 ends beyond the end of the file`. */
  readonly finding?: string;
  /** Offset in the file of the first byte that is wrong or missing, where it is known. */
  readonly byte?: number | undefined;
  readonly cause?: unknown;
}

/** MEDIA_CORRUPT: the file contradicts itself or ends early. Never for a complete file of an unsupported kind. */
export function damagedImage({ format, finding, byte, cause }: Damage): SalamandraError {
  const place = byte === undefined ? '' : ` at byte ${grouped(byte)}`;
  return new SalamandraError(
    'MEDIA_CORRUPT',
    `The ${format} file is damaged or incomplete${place}${finding === undefined ? '' : `: ${finding}`}. Send the original file again.`,
    { ...(byte !== undefined && { details: { byte } }), cause },
  );
}

/**
 * UNSUPPORTED_FEATURE: the file may be complete, but uses a part of its format that the decoder does not read.
 *
 * @param feature name and value of the feature as a noun phrase: `compression ZSTD (50000)`.
 * @param remedy a sentence.
 */
export function unsupportedFeature(
  format: string,
  feature: string,
  remedy: string,
  cause?: unknown,
): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_FEATURE',
    `This ${format} file uses ${feature}, which is not supported. ${remedy}`,
    { details: { format, feature }, cause },
  );
}

/** MEDIA_TOO_LARGE: a value in the header exceeds a limit. */
export function imageTooLarge(
  measure: 'pixels' | 'side' | 'channels' | 'bytes' | 'pages' | 'frames',
  value: number,
  limit: number,
  message: string,
): SalamandraError {
  return new SalamandraError('MEDIA_TOO_LARGE', message, { details: { measure, value, limit } });
}

/** `50,000,000` */
export function grouped(value: number): string {
  return value.toLocaleString('en');
}
