/** A file of the matrix, and what is right for it. */
export interface MatrixCase {
  /** In the folder of the matrix. */
  readonly file: string;
  readonly format: string;
  readonly feature: string;
  /** `drawing`: without pixels of its own, and compared at the size of the reference. */
  readonly kind: 'image' | 'drawing';
  readonly expected: Expectation;
}

export type Expectation =
  | { readonly type: 'pixels'; readonly reference: ReferencePixels; readonly bound: number }
  /** One of these error codes. */
  | { readonly type: 'refusal'; readonly codes: readonly string[] };

/** RGB, row-major: `width * height * 3` bytes. */
export interface ReferencePixels {
  readonly width: number;
  readonly height: number;
  readonly read: () => Uint8Array;
}

/** A file that could not be made. */
export interface SkippedCase {
  readonly format: string;
  readonly feature: string;
  readonly reason: string;
}

export interface Matrix {
  readonly cases: readonly MatrixCase[];
  readonly skipped: readonly SkippedCase[];
}
