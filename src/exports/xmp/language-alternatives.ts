import type { Element } from '@xmldom/xmldom';

import type { SidecarField } from './xmp-names.js';
import {
  appendIndented,
  childrenOf,
  hasElements,
  languageOf,
  removeWithSpace,
  setLanguage,
  type XmpDocument,
} from './xmp-document.js';

export const DEFAULT_LANGUAGE = 'x-default';

/** Depths of a property and its array in an indented packet. */
const PROPERTY_DEPTH = 3;
const ARRAY_DEPTH = 4;

/**
 * A property with a text in several languages (ISO 16684-1, section 8.2.2.4).
 *
 * @returns `null` if the property has another form, which is left alone.
 */
export class LanguageAlternatives {
  private constructor(
    private readonly document: XmpDocument,
    private readonly field: SidecarField,
    private array: Element | undefined,
  ) {}

  static of(document: XmpDocument, field: SidecarField): LanguageAlternatives | null {
    if (!document.has(field)) return new LanguageAlternatives(document, field, undefined);
    const property = document.findElement(field);
    const [array] = property ? childrenOf(property, 'rdf:Alt') : [];
    return array ? new LanguageAlternatives(document, field, array) : null;
  }

  /** The languages of texts that are not blank. */
  languages(): string[] {
    return this.items()
      .filter((item) => !isBlank(item))
      .map(languageOf);
  }

  /** The text of a language; undefined if there is none or a blank one; `null` if it is more than a text. */
  read(language: string): string | null | undefined {
    const item = this.find(language);
    if (!item || isBlank(item)) return undefined;
    return hasElements(item) ? null : (item.textContent ?? '');
  }

  /** Sets the text of a language. The default comes first, as readers expect. */
  write(language: string, text: string): void {
    const found = this.find(language);
    if (found) {
      found.textContent = text;
      return;
    }
    const item = this.document.createElement('rdf:li');
    setLanguage(item, language);
    item.textContent = text;
    appendIndented(this.openArray(), item, ARRAY_DEPTH, language === DEFAULT_LANGUAGE);
  }

  /** Removes a language, and the property with its last one. */
  remove(language: string): void {
    const item = this.find(language);
    if (item) removeWithSpace(item);
    if (this.items().length > 0) return;
    this.document.remove(this.field);
    this.array = undefined;
  }

  private openArray(): Element {
    if (this.array) return this.array;
    this.array = this.document.createElement('rdf:Alt');
    appendIndented(this.document.add(this.field), this.array, PROPERTY_DEPTH);
    return this.array;
  }

  private items(): Element[] {
    return this.array ? childrenOf(this.array, 'rdf:li') : [];
  }

  /** Tags do not distinguish case (RFC 5646, section 2.1.1). */
  private find(language: string): Element | undefined {
    return this.items().find((item) => languageOf(item).toLowerCase() === language.toLowerCase());
  }
}

function isBlank(item: Element): boolean {
  return !hasElements(item) && (item.textContent ?? '').trim() === '';
}
