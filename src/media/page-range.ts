import { MAX_DOCUMENT_PAGES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';

/** Pages of a document, counted from 1, both ends included. */
export interface PageRange {
  readonly first: number;
  readonly last: number;
}

/** Place of a picture in its file. */
export interface PagePosition {
  /** Counted from 1. */
  readonly page: number;
  /** Pages of the file. */
  readonly pages: number;
}

/** The page of files of a single picture. */
export const ONLY_PAGE: PagePosition = { page: 1, pages: 1 };

const RANGE = /^([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?$/;

/** Parses `2-4` or `3`; `null` for anything else, and for pages beyond MAX_DOCUMENT_PAGES. */
export function parsePageRange(text: string): PageRange | null {
  const [, first = '', last = first] = RANGE.exec(text.trim()) ?? [];
  const range = { first: Number(first), last: Number(last) };
  const isValid = range.first >= 1 && range.first <= range.last && range.last <= MAX_DOCUMENT_PAGES;
  return isValid ? range : null;
}

export function countPages({ first, last }: PageRange): number {
  return last - first + 1;
}

export function listPageNumbers(range: PageRange): readonly number[] {
  return Array.from({ length: countPages(range) }, (_, index) => range.first + index);
}

/**
 * The place of a requested page; the first page without a request.
 *
 * @param format name of the format.
 * @throws INVALID_PARAMETER for a page that the file does not have.
 */
export function placePage(page: number | undefined, pages: number, format: string): PagePosition {
  if (page !== undefined && page > pages) {
    const remedy = pages === 1 ? 'Leave "page" out' : `Choose a page from 1 to ${pages}`;
    throw invalidPage(
      `The ${format} file has ${pages} ${pages === 1 ? 'page' : 'pages'}, and page ${page} was requested. ${remedy}.`,
      { page, pages },
    );
  }
  return { page: page ?? 1, pages };
}

/** @throws INVALID_PARAMETER for a page other than the first one of a format without pages. */
export function checkNoPage(page: number | undefined, format: string, advice = ''): void {
  if (page === undefined || page === 1) return;
  throw invalidPage(
    `A ${format} file has no pages, and page ${page} was requested. Leave "page" out.${advice}`,
    { page },
  );
}

export function invalidPage(
  message: string,
  details: Readonly<Record<string, number>> = {},
): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', message, {
    details: { parameter: 'page', ...details },
  });
}
