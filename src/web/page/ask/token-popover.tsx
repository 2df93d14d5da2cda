import './token-popover.css';

import { CheckIcon } from '../shell/icons.js';
import { locale, t } from '../locales/locale.js';
import type { TokenLogprob } from '../service/api-types.js';
import type { Placement } from './place-beside.js';
import {
  candidatesOf,
  formatPercent,
  probabilityOf,
  showToken,
  type TokenPiece,
} from './token-pieces.js';

interface TokenPopoverProps {
  id: string;
  piece: TokenPiece;
  language: string;
  placement: Placement;
}

/** How likely a piece of an answer was, and what else might have stood there. */
export function TokenPopover({ id, piece, language, placement }: TokenPopoverProps) {
  const { tokens } = piece;
  return (
    <div role="tooltip" id={id} class="token-popover" style={placement}>
      <p class="token-popover-piece">
        <bdi lang={language}>{showToken(piece.text)}</bdi>
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
            <bdi lang={language}>{showToken(text)}</bdi>
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
