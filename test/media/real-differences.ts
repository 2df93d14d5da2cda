interface Difference {
  /** Matches the names of files. */
  readonly matches: RegExp;
  readonly reason: string;
}

/** Real files whose pixels differ from those of Pillow, and why. */
export const REAL_DIFFERENCES: readonly Difference[] = [
  {
    matches:
      /transparent_background_text|pillow-logo|matplotlib(?:_large)?\.png|tiff_wrong_bits_per_sample\.tiff/,
    reason: 'white would hide the drawing, so that it is drawn on another ground',
  },
  {
    matches: /16_bit_noise|16bit\.|cmx3g8|ifd_tag_type|uint16_1_4660|8bit\.s\.tif/,
    reason:
      'samples are scaled by their type and range, and Pillow takes their upper or lower byte',
  },
  {
    matches: /i_trns\.png/,
    reason: 'Pillow compares 16-bit samples with the transparent level after scaling',
  },
  {
    matches: /xmp_tags_orientation|exif_imagemagick_orientation/,
    reason: 'the orientation is in XMP or in text of ImageMagick, which is not read',
  },
  { matches: /cmyk/, reason: 'CMYK without a profile is converted through a press profile' },
  { matches: /multipage-mmap/, reason: 'the largest page, and Pillow takes the first' },
  { matches: /rgb32bf-abgr/, reason: 'an alpha channel of zeros is taken for no alpha' },
  {
    matches: /tiff_wrong_bits_per_sample_3|rgb_trns_ycbc/,
    reason: 'the fourth band is not declared as alpha, and Pillow takes it for alpha',
  },
  { matches: /rgba16\.tga/, reason: 'the attribute bit of 16-bit pixels is not taken for alpha' },
  { matches: /badrle|mmap_error/, reason: 'a damaged bitmap of a test for damage' },
  {
    matches: /test_watermarking/,
    reason: 'not explained yet: a profile with transparency, mean error 7.3 levels',
  },
  {
    matches: /skimage\/data\/page/,
    reason: 'not explained yet: a gray profile, mean error 13.6 levels',
  },
  { matches: /invalid_id|profile_mismatch/, reason: 'a damaged HEIC file of a test for damage' },
];
