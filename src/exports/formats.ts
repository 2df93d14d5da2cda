import { ATOM } from './atom.js';
import { COCO } from './coco.js';
import { CSV } from './csv.js';
import { DUBLIN_CORE } from './dublin-core.js';
import type { ExportFormat } from './export-format.js';
import { HTML } from './html.js';
import { IIIF } from './iiif/iiif.js';
import { IMAGEFOLDER } from './imagefolder.js';
import { JSONL } from './jsonl.js';
import { WEBVTT } from './webvtt.js';
import { XMP } from './xmp/xmp.js';

/** All formats by the name that clients use. */
export const EXPORT_FORMATS = {
  jsonl: JSONL,
  csv: CSV,
  xmp: XMP,
  iiif: IIIF,
  webvtt: WEBVTT,
  'dublin-core': DUBLIN_CORE,
  atom: ATOM,
  html: HTML,
  imagefolder: IMAGEFOLDER,
  coco: COCO,
} as const satisfies Readonly<Record<string, ExportFormat>>;

export type FormatName = keyof typeof EXPORT_FORMATS;

export const FORMAT_NAMES = Object.keys(EXPORT_FORMATS) as FormatName[];
