import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface ViewHeadingProps {
  readonly title: string;
  /** After the title, in the same line. */
  readonly children?: ComponentChildren;
}

/**
 * The heading of a view. It receives the focus when the view opens, unless the focus is on a tab: keyboards and screen
 * readers go on from there.
 */
export function ViewHeading({ title, children }: ViewHeadingProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement?.getAttribute('role') === 'tab') return;
    heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${title} – Visual Salamandra`;
  }, [title]);
  return (
    <h2 ref={heading} tabIndex={-1} class="view-heading">
      {title}
      {children}
    </h2>
  );
}
