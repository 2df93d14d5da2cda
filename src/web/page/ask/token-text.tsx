import './token-text.css';

import { useSignal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import type { TokenLogprob } from '../service/api-types.js';
import { type Placement, placeBeside } from './place-beside.js';
import {
  certaintyOf,
  probabilityOf,
  showToken,
  type TokenPiece,
  toPieces,
} from './token-pieces.js';
import { TokenPopover } from './token-popover.js';

interface TokenTextProps {
  text: string;
  tokens: readonly TokenLogprob[];
  /** The code of the text's language. */
  language: string;
}

/** Where the arrow keys lead, by key, from one of so many tokens. */
const STEPS: Readonly<Partial<Record<string, (at: number, count: number) => number>>> = {
  ArrowLeft: (at) => Math.max(at - 1, 0),
  ArrowRight: (at, count) => Math.min(at + 1, count - 1),
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** A text whose tokens show how sure the model was, and on hover or focus what else it considered. */
export function TokenText({ text, tokens, language }: TokenTextProps) {
  const root = useRef<HTMLDivElement>(null);
  const shown = useSignal<{ index: number; placement: Placement } | null>(null);
  // One stop for the tab key; the arrow keys go on from there.
  const stop = useSignal(0);
  const popoverId = useId();
  const pieces = toPieces(text, tokens);
  const shownPiece = shown.value && pieces[shown.value.index];

  const show = (index: number, element: Element) => {
    if (root.current) shown.value = { index, placement: placeBeside(element, root.current) };
  };
  const hide = () => {
    shown.value = null;
  };
  // The token that has the focus keeps its popover, or gets it back.
  const leave = () => {
    const focused = root.current?.querySelector(':focus[role=button]');
    if (focused && shown.value) show(stop.value, focused);
    else hide();
  };
  const isShown = shown.value !== null;
  useLayoutEffect(() => {
    if (!isShown) return undefined;
    // On the document: a pointer may have opened it, with the focus elsewhere.
    const close = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') shown.value = null;
    };
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [isShown, shown]);

  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const spans = root.current?.querySelectorAll<HTMLElement>('[role=button]') ?? [];
    const at = Array.prototype.indexOf.call(spans, document.activeElement);
    spans[step(at, spans.length)]?.focus();
  };
  const token = (piece: TokenPiece, index: number) => {
    // The space before a word stays outside, so that lines break and shades end where words do.
    const [, space = '', word = piece.text] = /^(\s*)(\S.*)$/s.exec(piece.text) ?? [];
    return (
      <>
        {space}
        <span
          role="button"
          class="token-text-token"
          aria-label={word.trim() === '' ? showToken(word) : undefined}
          data-certainty={certaintyOf(probabilityOf(piece))}
          tabIndex={index === stop.value ? 0 : -1}
          aria-describedby={shown.value?.index === index ? popoverId : undefined}
          onFocus={(event) => {
            stop.value = index;
            show(index, event.currentTarget);
          }}
          onBlur={hide}
          onPointerEnter={(event) => {
            if (event.pointerType === 'mouse') show(index, event.currentTarget);
          }}
        >
          {word}
        </span>
      </>
    );
  };
  return (
    <div class="token-text" ref={root} onPointerLeave={leave}>
      <p role="toolbar" aria-label={t().ask.tokenBar} lang={language} onKeyDown={move}>
        {pieces.map((piece, index) =>
          piece.tokens.length === 0 ? piece.text : token(piece, index),
        )}
      </p>
      {shown.value && shownPiece && (
        <TokenPopover
          id={popoverId}
          piece={shownPiece}
          language={language}
          placement={shown.value.placement}
        />
      )}
    </div>
  );
}
