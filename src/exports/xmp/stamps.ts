import {
  appendIndented,
  childrenOf,
  markStructure,
  readField,
  type XmpDocument,
} from './xmp-document.js';
import type { XmpName } from './xmp-names.js';

/** What a sidecar says of a text that this program wrote into it, in the order of writing. */
const PROPERTIES = [
  ['field', 'vs:Field'],
  ['language', 'vs:Language'],
  ['sha256', 'vs:Sha256'],
  ['status', 'vs:Status'],
  ['machineGenerated', 'vs:MachineGenerated'],
  ['model', 'vs:Model'],
  ['modelRevision', 'vs:ModelRevision'],
  ['precision', 'vs:Precision'],
  ['reviewedBy', 'vs:ReviewedBy'],
  ['reviewedAt', 'vs:ReviewedAt'],
  ['revision', 'vs:Revision'],
] as const satisfies readonly (readonly [string, XmpName])[];

/** All values are texts, as in XMP. `sha256` is that of the text in UTF-8. Empty values are not written. */
export type Stamp = Readonly<Record<(typeof PROPERTIES)[number][0], string>>;

const TEXTS = 'vs:Texts';
const CAPTION_WRITER = 'vs:CaptionWriter';

/** Depths of the property, its array and a structure in an indented packet. */
const PROPERTY_DEPTH = 3;
const ARRAY_DEPTH = 4;
const ITEM_DEPTH = 5;

export function stampKey({ field, language }: Pick<Stamp, 'field' | 'language'>): string {
  return `${field} ${language.toLowerCase()}`;
}

/** The stamps of a packet by `stampKey`. */
export function readStamps(document: XmpDocument): Map<string, Stamp> {
  const property = document.findElement(TEXTS);
  const [bag] = property ? childrenOf(property, 'rdf:Bag') : [];
  const stamps = (bag ? childrenOf(bag, 'rdf:li') : []).map((item): Stamp => {
    const values = PROPERTIES.map(([name, property]) => [name, readField(item, property)]);
    return Object.fromEntries(values) as Stamp;
  });
  return new Map(stamps.map((stamp) => [stampKey(stamp), stamp]));
}

/** Replaces the stamps of a packet. */
export function writeStamps(document: XmpDocument, stamps: Iterable<Stamp>): void {
  document.remove(TEXTS);
  const list = [...stamps];
  if (list.length === 0) return;
  const bag = document.createElement('rdf:Bag');
  appendIndented(document.add(TEXTS), bag, PROPERTY_DEPTH);
  for (const stamp of list) {
    const item = document.createElement('rdf:li');
    markStructure(item);
    appendIndented(bag, item, ARRAY_DEPTH);
    for (const [name, property] of PROPERTIES) {
      if (stamp[name] === '') continue;
      const element = document.createElement(property);
      element.textContent = stamp[name];
      appendIndented(item, element, ITEM_DEPTH);
    }
  }
}

/** The value of `photoshop:CaptionWriter` that this program wrote last. */
export function readWrittenCaptionWriter(document: XmpDocument): string | undefined {
  return document.readSimple(CAPTION_WRITER);
}

export function writeCaptionWriterStamp(document: XmpDocument, value: string): void {
  document.writeSimple(CAPTION_WRITER, value);
}
