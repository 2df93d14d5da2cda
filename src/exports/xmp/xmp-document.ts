import {
  type Document,
  DOMParser,
  type Element,
  type Node,
  ParseError,
  XMLSerializer,
} from '@xmldom/xmldom';

import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  NAMESPACES,
  type Prefix,
  XML_NAMESPACE,
  type XmpName,
  XMLNS_NAMESPACE,
} from './xmp-names.js';

/** An XMP packet (ISO 16684-1) as a DOM. Everything that is not asked for stays as it is. */
export class XmpDocument {
  private constructor(
    private readonly document: Document,
    private readonly rdf: Element,
  ) {}

  /** @param toolkit the name of the program, without quotation marks. */
  static create(toolkit: string): XmpDocument {
    return XmpDocument.parse(
      [
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
        `<x:xmpmeta xmlns:x="${NAMESPACES.x}" x:xmptk="${toolkit}">`,
        ` <rdf:RDF xmlns:rdf="${NAMESPACES.rdf}">`,
        `  <rdf:Description rdf:about=""/>`,
        ' </rdf:RDF>',
        '</x:xmpmeta>',
        '<?xpacket end="w"?>',
        '',
      ].join('\n'),
    );
  }

  /** @throws INVALID_REQUEST for what is no XMP, with the reason. */
  static parse(text: string): XmpDocument {
    // XMP has no document type (ISO 16684-1, section 7.2), and entities could hide what a file contains.
    if (/<!DOCTYPE/i.test(text)) throw notXmp('It has a document type declaration.');
    const document = parseXml(text.replace(/^\ufeff/, ''));
    const [rdf] = Array.from(document.getElementsByTagNameNS(NAMESPACES.rdf, 'RDF'));
    if (!rdf) throw notXmp('It has no rdf:RDF.');
    const parsed = new XmpDocument(document, rdf);
    if (parsed.descriptions().length === 0) {
      const description = document.createElementNS(NAMESPACES.rdf, 'rdf:Description');
      description.setAttributeNS(NAMESPACES.rdf, 'rdf:about', '');
      rdf.appendChild(description);
    }
    return parsed;
  }

  /** A property in the form of an element, of any of the descriptions. */
  findElement(name: XmpName): Element | undefined {
    return this.descriptions()
      .flatMap((description) => childrenOf(description, name))
      .at(0);
  }

  /** The value of a simple property: an attribute or an element; undefined for structures, and without one. */
  readSimple(name: XmpName): string | undefined {
    const element = this.findElement(name);
    if (element) return hasElements(element) ? undefined : (element.textContent ?? '');
    return this.attributeOwner(name)?.getAttributeNS(...split(name)) ?? undefined;
  }

  /** Whether the property exists in any form. */
  has(name: XmpName): boolean {
    return this.findElement(name) !== undefined || this.attributeOwner(name) !== undefined;
  }

  /** Sets a simple property in the form in which it exists, else as an element. */
  writeSimple(name: XmpName, value: string): void {
    const owner = this.attributeOwner(name);
    if (owner) {
      const attribute = owner.getAttributeNodeNS(...split(name));
      if (attribute) attribute.value = value;
      return;
    }
    const element = this.findElement(name) ?? this.add(name);
    element.textContent = value;
  }

  /** Adds an empty property to the first description. */
  add(name: XmpName): Element {
    const element = this.createElement(name);
    appendIndented(this.firstDescription(), element, 2);
    return element;
  }

  remove(name: XmpName): void {
    const element = this.findElement(name);
    if (element) removeWithSpace(element);
  }

  createElement(name: XmpName): Element {
    const [prefix = ''] = name.split(':');
    const [namespace] = split(name);
    const description = this.firstDescription();
    // Declared once rather than at each element. A prefix with another meaning is declared at the element.
    if (description.lookupNamespaceURI(prefix) === null) {
      description.setAttributeNS(XMLNS_NAMESPACE, `xmlns:${prefix}`, namespace);
    }
    return this.document.createElementNS(namespace, name);
  }

  serialize(): string {
    const text = new XMLSerializer().serializeToString(this.document);
    // A parser normalizes line breaks, so that a carriage return here is part of a text; as it is, it would be lost.
    return `${text.replaceAll('\r', '&#xD;').trimEnd()}\n`;
  }

  private attributeOwner(name: XmpName): Element | undefined {
    return this.descriptions().find((description) => description.hasAttributeNS(...split(name)));
  }

  private firstDescription(): Element {
    const [description] = this.descriptions();
    if (!description) throw new Error('The packet has no rdf:Description.');
    return description;
  }

  private descriptions(): Element[] {
    return childrenOf(this.rdf, 'rdf:Description');
  }
}

function parseXml(text: string): Document {
  try {
    return new DOMParser({
      // XML 1.0, section 2.11. By default the parser also replaces the line breaks of XML 1.1.
      normalizeLineEndings: (source) => source.replace(/\r\n?/g, '\n'),
      onError(level, message) {
        if (level !== 'warning') throw new ParseError(message);
      },
    }).parseFromString(text, 'text/xml');
  } catch (cause) {
    throw notXmp('It is not well-formed XML.', cause);
  }
}

function notXmp(reason: string, cause?: unknown): SalamandraError {
  return new SalamandraError('INVALID_REQUEST', `The sidecar cannot be read as XMP. ${reason}`, {
    cause,
  });
}

function split(name: XmpName): [namespace: string, local: string] {
  const [prefix, local = ''] = name.split(':');
  return [NAMESPACES[prefix as Prefix], local];
}

export function childrenOf(parent: Element, name: XmpName): Element[] {
  const [namespace, local] = split(name);
  return elementsOf(parent).filter(
    (child) => child.namespaceURI === namespace && child.localName === local,
  );
}

export function hasElements(parent: Element): boolean {
  return elementsOf(parent).length > 0;
}

function elementsOf(parent: Element): Element[] {
  return Array.from(parent.childNodes).filter(isElement);
}

function isElement(node: Node): node is Element {
  return node.nodeType === 1;
}

/** The value of a field of a structure: a child element, or an attribute of the short form. */
export function readField(structure: Element, name: XmpName): string {
  // `<rdf:li><rdf:Description …/></rdf:li>` is the long form of a structure.
  const [inner] = childrenOf(structure, 'rdf:Description');
  const owner = inner ?? structure;
  const [element] = childrenOf(owner, name);
  return element?.textContent ?? owner.getAttributeNS(...split(name)) ?? '';
}

export function languageOf(item: Element): string {
  return item.getAttributeNS(XML_NAMESPACE, 'lang') ?? '';
}

export function setLanguage(item: Element, language: string): void {
  item.setAttributeNS(XML_NAMESPACE, 'xml:lang', language);
}

/** Marks an element as a structure whose fields are its children (RDF/XML, `parseType`). */
export function markStructure(element: Element): void {
  element.setAttributeNS(NAMESPACES.rdf, 'rdf:parseType', 'Resource');
}

/**
 * Inserts an element on a line of its own, so that people can read the file. Space between elements has no meaning in
 * RDF.
 *
 * @param depth of the parent, in spaces.
 */
export function appendIndented(
  parent: Element,
  child: Element,
  depth: number,
  isFirst = false,
): void {
  const document = parent.ownerDocument;
  if (!document) throw new Error('The element is in no document.');
  const indent = document.createTextNode(`\n${' '.repeat(depth + 1)}`);
  if (isFirst && hasElements(parent)) {
    parent.insertBefore(indent, parent.firstChild);
    parent.insertBefore(child, indent.nextSibling);
    return;
  }
  const last = parent.lastChild;
  if (last && isSpace(last)) parent.removeChild(last);
  parent.appendChild(indent);
  parent.appendChild(child);
  parent.appendChild(document.createTextNode(`\n${' '.repeat(depth)}`));
}

export function removeWithSpace(element: Element): void {
  const space = element.previousSibling;
  if (space && isSpace(space)) space.parentNode?.removeChild(space);
  element.parentNode?.removeChild(element);
}

function isSpace(node: Node): boolean {
  return node.nodeType === 3 && (node.nodeValue ?? '').trim() === '';
}
