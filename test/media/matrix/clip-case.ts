/** A clip of the matrix, whose frames all differ. */
export interface ClipCase {
  /** In the folder of the matrix. */
  readonly file: string;
  readonly container: string;
  readonly codec: string;
  readonly expected: ClipExpectation;
}

export type ClipExpectation =
  /** The reference decoder's frames as RGB, one after another, shown at equal distances. */
  | { readonly type: 'frames'; readonly frames: Uint8Array }
  | { readonly type: 'refusal'; readonly codes: readonly string[] };

/** Frames per second of all clips. */
export const CLIP_RATE = 25;
export const CLIP_FRAMES = 50;
