import './ask-panel.css';

import { t } from '../locales/locale.js';
import { exchanges, isAnswering } from './asking.js';
import { Composer } from './composer.js';
import { editing } from './draft.js';
import { ExchangeView } from './exchange-view.js';
import { SettingsFold } from './settings-fold.js';
import { useFollowing } from './use-following.js';

/** A conversation about what is in the tray, or about nothing but words. */
export function AskPanel() {
  const end = useFollowing(exchanges.value);
  return (
    <div class="ask-panel card">
      <Log />
      <Announcement />
      <div class="ask-panel-foot">
        <div class="ask-panel-composer" ref={end}>
          <Composer />
        </div>
        <SettingsFold />
      </div>
    </div>
  );
}

function Log() {
  const said = exchanges.value;
  const editedAt = said.findIndex(({ id }) => id === editing.value?.id);
  const placeOf = (index: number) => {
    if (editedAt >= 0 && index >= editedAt) return index === editedAt ? 'edited' : 'dropped';
    return index === said.length - 1 ? 'last' : 'earlier';
  };
  return (
    // Not live: every piece of an answer would be read out. Whole answers are, below.
    <div role="log" class="ask-panel-log" aria-label={t().ask.log} aria-live="off">
      {said.length === 0 && <p class="ask-panel-empty">{t().ask.empty}</p>}
      {said.map((exchange, index) => (
        <ExchangeView
          key={exchange.id}
          exchange={exchange}
          place={placeOf(index)}
          mode={isAnswering.value ? 'fixed' : 'changeable'}
        />
      ))}
    </div>
  );
}

/** Reads an answer out when it is whole. */
function Announcement() {
  const last = exchanges.value.at(-1);
  const isWhole = last?.progress.state === 'finished' || last?.progress.state === 'stopped';
  return (
    <p class="visually-hidden" aria-live="polite" lang={last?.question.language}>
      {isWhole ? last.text : ''}
    </p>
  );
}
