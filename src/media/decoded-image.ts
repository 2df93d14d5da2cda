/** Upright, opaque sRGB pixels. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** RGB, row-major: `width * height * 3` bytes. */
  readonly data: Uint8Array;
}
