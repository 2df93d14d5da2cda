import './token-popover.css';

import { CheckIcon } from '../shell/icons.js';
import { locale, t } from '../locales/locale.js';
import type { TokenLogprob } from '../service/api-types.js';
import {
  candidatesOf,
  formatPercent,
  probabilityOf,
  showWhitespace,
  type TokenPiece,
} from './token-pieces.js';

/** Position relative to the containing element, as style properties. */
export type Placement =
  | { readonly left: string; readonly top: string }
  | { readonly left: string; readonly bottom: string };

/** Width and maximum height of the popover in pixels, as in token-popover.css. */
const WIDTH = 240;
const HEIGHT = 260;

interface TokenPopoverProps {
  id: string;
  piece: TokenPiece;
  language: string;
  placement: Placement;
}

/** The probability of a piece and the candidates of its tokens. */
export function TokenPopover({ id, piece, language, placement }: TokenPopoverProps) {
  const { tokens } = piece;
  return (
    <div role="tooltip" id={id} class="token-popover" style={placement}>
      <p class="token-popover-piece">
        <bdi lang={language}>{showWhitespace(piece.text)}</bdi>
        <span>{percent(probabilityOf(piece))}</span>
      </p>
      {tokens.map((token, index) => (
        <div key={index}>
          <p class="label">
            {tokens.length === 1
              ? t().ask.candidates
              : t().ask.candidatesOfPart(index + 1, tokens.length)}
          </p>
          <CandidateList token={token} language={language} />
        </div>
      ))}
    </div>
  );
}

function CandidateList({ token, language }: { token: TokenLogprob; language: string }) {
  return (
    <ol>
      {candidatesOf(token).map(({ text, logprob, role }, index) => {
        const probability = Math.exp(logprob);
        return (
          <li key={index} class={`token-popover-candidate token-popover-${role}`}>
            <span class="token-popover-bar" style={{ width: `${probability * 100}%` }} />
            <bdi lang={language}>{showWhitespace(text)}</bdi>
            {role === 'chosen' && <CheckIcon />}
            <span class="token-popover-percent">{percent(probability)}</span>
          </li>
        );
      })}
    </ol>
  );
}

function percent(probability: number): string {
  return t().ask.tokenProbability(formatPercent(probability, locale.value));
}

/** Places the popover below an element, or above it near the bottom of the window, within the width of `container`. */
export function placePopover(element: Element, container: Element): Placement {
  // The first line box of a token that is broken across lines.
  const box = element.getClientRects()[0] ?? element.getBoundingClientRect();
  const outer = container.getBoundingClientRect();
  const left = `${Math.max(0, Math.min(box.left - outer.left, outer.width - WIDTH))}px`;
  const fitsBelow = box.bottom + HEIGHT <= innerHeight || box.top < HEIGHT;
  return fitsBelow
    ? { left, top: `${box.bottom - outer.top}px` }
    : { left, bottom: `${outer.bottom - box.top}px` };
}
