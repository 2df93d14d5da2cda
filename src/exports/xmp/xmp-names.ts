/** Namespaces of XMP (ISO 16684-1), IPTC Photo Metadata 2023.1 and this project, with their usual prefixes. */
export const NAMESPACES = {
  x: 'adobe:ns:meta/',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  dc: 'http://purl.org/dc/elements/1.1/',
  photoshop: 'http://ns.adobe.com/photoshop/1.0/',
  xmpMM: 'http://ns.adobe.com/xap/1.0/mm/',
  stEvt: 'http://ns.adobe.com/xap/1.0/sType/ResourceEvent#',
  Iptc4xmpCore: 'http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/',
  /** The stamps. An address that nobody else uses, and that needs no domain. */
  vs: 'urn:uuid:5d0f6f0e-3c2b-5a44-9b0e-7d3f6a1c2e84#',
} as const;

export type Prefix = keyof typeof NAMESPACES;

/** A qualified name, such as `dc:description`. */
export type XmpName = `${Prefix}:${string}`;

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** The field of each kind of text; kinds without one are not written. All are language alternatives. */
export const FIELDS = {
  caption: 'dc:description',
  alt: 'Iptc4xmpCore:AltTextAccessibility',
  long: 'Iptc4xmpCore:ExtDescrAccessibility',
} as const satisfies Readonly<Record<string, XmpName>>;

export type SidecarField = (typeof FIELDS)[keyof typeof FIELDS];

/** Characters that XML 1.0 cannot hold (section 2.2). */
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** The first character that XML cannot hold, as `U+000C`. */
export function findForbiddenCharacter(text: string): string | null {
  const code = NOT_XML.exec(text)?.[0].codePointAt(0);
  return code === undefined ? null : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
