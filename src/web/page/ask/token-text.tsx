import './token-text.css';

import { useSignal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import type { TokenLogprob } from '../service/api-types.js';
import {
  certaintyOf,
  probabilityOf,
  showWhitespace,
  type TokenPiece,
  toPieces,
} from './token-pieces.js';
import { type Placement, placePopover, TokenPopover } from './token-popover.js';

interface TokenTextProps {
  text: string;
  tokens: readonly TokenLogprob[];
  /** The code of the text's language. */
  language: string;
}

/** The index that a key moves the focus to. */
const STEPS: Readonly<Partial<Record<string, (at: number, count: number) => number>>> = {
  ArrowLeft: (at) => Math.max(at - 1, 0),
  ArrowRight: (at, count) => Math.min(at + 1, count - 1),
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** A text with tokens styled by probability. Hover or focus opens the candidates of a token. */
export function TokenText({ text, tokens, language }: TokenTextProps) {
  const root = useRef<HTMLDivElement>(null);
  const shown = useSignal<{ index: number; placement: Placement } | null>(null);
  // The text is one tab stop; the arrow keys move between the tokens.
  const tabStop = useSignal(0);
  const popoverId = useId();
  const pieces = toPieces(text, tokens);
  const shownPiece = shown.value && pieces[shown.value.index];

  const show = (index: number, element: Element) => {
    if (root.current) shown.value = { index, placement: placePopover(element, root.current) };
  };
  const hide = () => {
    shown.value = null;
  };
  // When the pointer leaves, the focused token shows its popover again.
  const leave = () => {
    const focused = root.current?.querySelector(':focus[role=button]');
    if (focused && shown.value) show(tabStop.value, focused);
    else hide();
  };
  const isShown = shown.value !== null;
  useLayoutEffect(() => {
    if (!isShown) return undefined;
    // On the document, because the pointer can open the popover while the focus is elsewhere.
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
    // Leading space stays outside the token, so that lines break and backgrounds end at words.
    const [, space = '', word = piece.text] = /^(\s*)(\S.*)$/s.exec(piece.text) ?? [];
    return (
      <>
        {space}
        <span
          role="button"
          class="token-text-token"
          aria-label={word.trim() === '' ? showWhitespace(word) : undefined}
          data-certainty={certaintyOf(probabilityOf(piece))}
          tabIndex={index === tabStop.value ? 0 : -1}
          aria-describedby={shown.value?.index === index ? popoverId : undefined}
          onFocus={(event) => {
            tabStop.value = index;
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
