import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Pixels by which it may have been out of view before. */
const SLACK = 48;

/**
 * Keeps what stands below a growing text in view, as long as it was in view before: who scrolled away to read stays there.
 *
 * @param growing changes whenever the text grows
 * @returns for the element below it
 */
export function useFollowing(growing: unknown): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  /** Its lower edge in the document, as it was before the text grew. */
  const edge = useRef(Infinity);
  useLayoutEffect(() => {
    if (!element.current) return;
    const wasInView = edge.current - scrollY <= innerHeight + SLACK;
    if (wasInView) element.current.scrollIntoView({ block: 'nearest' });
    edge.current = element.current.getBoundingClientRect().bottom + scrollY;
  }, [growing]);
  return element;
}
