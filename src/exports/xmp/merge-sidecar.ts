import { hash } from 'node:crypto';

import { DEFAULT_LANGUAGE, LanguageAlternatives } from './language-alternatives.js';
import {
  readStamps,
  readWrittenCaptionWriter,
  type Stamp,
  stampKey,
  writeCaptionWriterStamp,
  writeStamps,
} from './stamps.js';
import { appendIndented, childrenOf, markStructure, XmpDocument } from './xmp-document.js';
import type { SidecarField, XmpName } from './xmp-names.js';

/** A text for a sidecar, with the values of its stamp. */
export interface SidecarText extends Omit<Stamp, 'field' | 'sha256'> {
  readonly field: SidecarField;
  readonly text: string;
}

export interface SidecarChange {
  /** At most one for each field and language. The first of a field is its default. */
  readonly texts: readonly SidecarText[];
  /** Texts that a person rejected: they are removed if this program wrote them. */
  readonly rejected: readonly Pick<SidecarText, 'field' | 'language'>[];
  /** Value of `photoshop:CaptionWriter`: who wrote the description. */
  readonly captionWriter: string;
  /** Of the entry in `xmpMM:History`. */
  readonly event: {
    readonly softwareAgent: string;
    readonly parameters: string;
    /** ISO 8601. */
    readonly when: string;
  };
  /** Value of `photoshop:SidecarForExtension`: of the picture, for a sidecar whose name does not tell. */
  readonly extension?: string | undefined;
}

/** A text that stays as a person or another program wrote it. */
interface KeptText {
  readonly field: SidecarField;
  readonly language: string;
  readonly reason: string;
}

export interface MergedSidecar {
  /** `null` if nothing changes. */
  readonly xml: string | null;
  readonly kept: readonly KeptText[];
}

const DESCRIPTION: SidecarField = 'dc:description';

/**
 * Writes texts into a sidecar. The text of a language is overwritten only if the stamp in the sidecar says that this
 * program wrote exactly that text; everything else stays.
 *
 * @param existing the sidecar; `null` if there is none.
 * @throws INVALID_REQUEST if the sidecar cannot be read as XMP.
 */
export function mergeSidecar(existing: string | null, change: SidecarChange): MergedSidecar {
  const document =
    existing === null
      ? XmpDocument.create(change.event.softwareAgent)
      : XmpDocument.parse(existing);
  const merge = new Merge(document);
  const fields = new Set([...change.texts, ...change.rejected].map(({ field }) => field));
  for (const field of fields) merge.mergeField(field, change);
  if (!merge.hasChanged) return { xml: null, kept: merge.kept };
  if (merge.isOwn(DESCRIPTION)) writeCaptionWriter(document, change.captionWriter);
  if (change.extension !== undefined && !document.has('photoshop:SidecarForExtension')) {
    document.writeSimple('photoshop:SidecarForExtension', change.extension);
  }
  writeStamps(document, merge.stamps());
  addEvent(document, change.event);
  return { xml: document.serialize(), kept: merge.kept };
}

class Merge {
  readonly kept: KeptText[] = [];
  hasChanged = false;
  private readonly stampsByKey: Map<string, Stamp>;

  constructor(private readonly document: XmpDocument) {
    this.stampsByKey = readStamps(document);
  }

  stamps(): Iterable<Stamp> {
    return this.stampsByKey.values();
  }

  mergeField(field: SidecarField, { texts, rejected }: SidecarChange): void {
    const ofField = texts.filter((text) => text.field === field);
    const alternatives = LanguageAlternatives.of(this.document, field);
    if (!alternatives) {
      const reason = `${field} in the sidecar is not a list of languages.`;
      this.kept.push(...ofField.map(({ language }) => ({ field, language, reason })));
      return;
    }
    for (const { language } of rejected.filter((text) => text.field === field)) {
      this.removeOwn(alternatives, field, language);
    }
    for (const text of ofField) this.writeText(alternatives, text);
    const [first] = ofField;
    if (first) this.writeDefault(alternatives, first);
    // The text of a rejected language was the default too, and no other takes its place.
    else this.removeOwn(alternatives, field, DEFAULT_LANGUAGE);
  }

  /** Whether every text of a field is one that this program wrote. */
  isOwn(field: SidecarField): boolean {
    const alternatives = LanguageAlternatives.of(this.document, field);
    if (!alternatives) return false;
    const languages = alternatives.languages();
    return (
      languages.length > 0 &&
      languages.every((language) => this.wrote(alternatives, field, language))
    );
  }

  private writeText(alternatives: LanguageAlternatives, text: SidecarText): void {
    const { field, language } = text;
    const current = alternatives.read(language);
    const isOwn = this.wrote(alternatives, field, language);
    if (current !== undefined && !isOwn) {
      this.stampsByKey.delete(stampKey(text));
      if (current !== text.text) {
        this.kept.push({ field, language, reason: 'The sidecar has a text of a person.' });
      }
      return;
    }
    this.write(alternatives, text);
  }

  /** The default is written if there is none and no text of a person, or if this program wrote it. */
  private writeDefault(alternatives: LanguageAlternatives, first: SidecarText): void {
    const { field } = first;
    const isOwn = this.wrote(alternatives, field, DEFAULT_LANGUAGE);
    const isFree =
      alternatives.read(DEFAULT_LANGUAGE) === undefined &&
      alternatives.languages().every((language) => this.wrote(alternatives, field, language));
    if (isOwn || isFree) this.write(alternatives, { ...first, language: DEFAULT_LANGUAGE });
    else this.stampsByKey.delete(stampKey({ field, language: DEFAULT_LANGUAGE }));
  }

  private write(alternatives: LanguageAlternatives, { text, ...values }: SidecarText): void {
    const stamp: Stamp = { ...values, sha256: hash('sha256', text) };
    const key = stampKey(stamp);
    const before = this.stampsByKey.get(key);
    const isSame = alternatives.read(stamp.language) === text && isEqual(before, stamp);
    if (isSame) return;
    alternatives.write(stamp.language, text);
    this.stampsByKey.set(key, stamp);
    this.hasChanged = true;
  }

  private removeOwn(
    alternatives: LanguageAlternatives,
    field: SidecarField,
    language: string,
  ): void {
    if (!this.wrote(alternatives, field, language)) return;
    alternatives.remove(language);
    this.stampsByKey.delete(stampKey({ field, language }));
    this.hasChanged = true;
  }

  private wrote(
    alternatives: LanguageAlternatives,
    field: SidecarField,
    language: string,
  ): boolean {
    const current = alternatives.read(language);
    const stamp = this.stampsByKey.get(stampKey({ field, language }));
    return typeof current === 'string' && stamp?.sha256 === hash('sha256', current);
  }
}

function isEqual(before: Stamp | undefined, after: Stamp): boolean {
  return (
    before !== undefined &&
    Object.entries(after).every(([name, value]) => before[name as keyof Stamp] === value)
  );
}

const CAPTION_WRITER: XmpName = 'photoshop:CaptionWriter';

/** The name of a person stays. */
function writeCaptionWriter(document: XmpDocument, value: string): void {
  const current = document.readSimple(CAPTION_WRITER)?.trim() ?? '';
  const isFree = current === '' && (!document.has(CAPTION_WRITER) || isSimple(document));
  if (!isFree && current !== readWrittenCaptionWriter(document)) return;
  document.writeSimple(CAPTION_WRITER, value);
  writeCaptionWriterStamp(document, value);
}

function isSimple(document: XmpDocument): boolean {
  return document.readSimple(CAPTION_WRITER) !== undefined;
}

const HISTORY: XmpName = 'xmpMM:History';
const PROPERTY_DEPTH = 3;
const ARRAY_DEPTH = 4;
const ITEM_DEPTH = 5;

/** Appends what happened (XMP Specification Part 2, ResourceEvent). */
function addEvent(
  document: XmpDocument,
  { softwareAgent, parameters, when }: SidecarChange['event'],
): void {
  const property = document.findElement(HISTORY);
  let [list] = property ? childrenOf(property, 'rdf:Seq') : [];
  if (!list) {
    // A history of another form is not touched.
    if (document.has(HISTORY)) return;
    list = document.createElement('rdf:Seq');
    appendIndented(document.add(HISTORY), list, PROPERTY_DEPTH);
  }
  const item = document.createElement('rdf:li');
  markStructure(item);
  appendIndented(list, item, ARRAY_DEPTH);
  const values: readonly (readonly [XmpName, string])[] = [
    ['stEvt:action', 'edited'],
    ['stEvt:when', when],
    ['stEvt:softwareAgent', softwareAgent],
    ['stEvt:changed', '/metadata'],
    ['stEvt:parameters', parameters],
  ];
  for (const [name, value] of values) {
    const element = document.createElement(name);
    element.textContent = value;
    appendIndented(item, element, ITEM_DEPTH);
  }
}
