import { type ReadonlySignal } from '@preact/signals';

import { DETAILS, type Detail, isWithin, KINDS } from '../../captions/caption-options.js';
import { chosenLanguages } from '../../captions/stored-caption-options.js';
import { isCodeList } from '../../languages/code-list.js';
import type { CaptionKind } from '../../service/api-types.js';
import { storedSignal } from '../../shell/stored-signal.js';
import type { PathFile } from './dropped-files.js';

/** Sources that the form offers, the usual one first. */
export const SOURCE_KINDS = ['uploads', 'folder', 'table', 'iiif'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Numbers of items that are tried first. */
export const PILOT_ITEMS = { least: 1, most: 10_000, step: 1, usual: 10 } as const;

/** What is asked of each item; stored in this browser. */
export interface JobSettings {
  readonly kinds: readonly CaptionKind[];
  readonly detail: Detail;
  /** Items that are tried first; 0: none. */
  readonly pilot: number;
}

const settings = storedSignal<JobSettings>(
  'salamandra.job-settings',
  { kinds: ['alt', 'caption'], detail: 'auto', pilot: PILOT_ITEMS.usual },
  isJobSettings,
);

export const jobSettings: ReadonlySignal<JobSettings> = settings;

/** Sets some of the settings. */
export function setJobSettings(change: Partial<JobSettings>): void {
  settings.value = { ...settings.value, ...change };
}

/** The languages of the last job; stored in this browser. */
export const jobLanguages = storedSignal<readonly string[]>(
  'salamandra.job-languages',
  [],
  isCodeList,
);

/** A first job has the languages of the captions, which are known when a model is ready. */
export function startJobLanguages(): void {
  if (jobLanguages.peek().length === 0) jobLanguages.value = chosenLanguages.value;
}

/** The form, apart from the settings. */
export interface JobDraft {
  readonly source: {
    readonly kind: SourceKind;
    /** Path on the server, or URL. Not for uploads. */
    readonly location: string;
    readonly files: readonly PathFile[];
  };
  /** Empty: the service names the job after its source. */
  readonly name: string;
  readonly languages: readonly string[];
}

/** Whether the form has everything that a job needs. */
export function isComplete({ source, languages }: JobDraft): boolean {
  const hasSource = source.kind === 'uploads' ? source.files.length > 0 : source.location !== '';
  return hasSource && languages.length > 0;
}

/** The body of `POST /v1/jobs`. */
export function toJobRequest(
  { source, name, languages }: JobDraft,
  { kinds, detail, pilot }: JobSettings,
): object {
  const ownName = name === '' && source.kind === 'uploads' ? nameOf(source.files) : name;
  return {
    source: toSource(source),
    ...(ownName !== '' && { name: ownName }),
    ...{ languages, kind: kinds, detail },
    ...(pilot > 0 && { pilot }),
  };
}

function toSource({ kind, location }: JobDraft['source']): object {
  if (kind === 'uploads') return { kind };
  return kind === 'iiif' ? { kind, url: location } : { kind, path: location };
}

/** The folder that all files are in, else the first file and the number of the others. */
function nameOf(files: readonly PathFile[]): string {
  const [first] = files;
  if (!first) return '';
  const [folder = '', ...rest] = first.path.split('/');
  const isOneFolder = rest.length > 0 && files.every(({ path }) => path.startsWith(`${folder}/`));
  if (isOneFolder) return folder;
  return files.length === 1 ? first.path : `${first.path} + ${files.length - 1}`;
}

function isJobSettings(value: unknown): value is JobSettings {
  if (typeof value !== 'object' || value === null) return false;
  const { kinds, detail, pilot } = value as Record<string, unknown>;
  return (
    Array.isArray(kinds) &&
    kinds.length > 0 &&
    kinds.every((kind) => (KINDS as readonly unknown[]).includes(kind)) &&
    (DETAILS as readonly unknown[]).includes(detail) &&
    (pilot === 0 || isWithin(PILOT_ITEMS, pilot))
  );
}
