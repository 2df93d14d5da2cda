/** Real files whose pixels rightly differ from those of Pillow. */
export const REAL_DIFFERENCES: readonly { readonly matches: RegExp; readonly reason: string }[] =
  [];
