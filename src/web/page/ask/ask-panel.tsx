import './ask-panel.css';

import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { exchanges, isAnswering } from './conversation-store.js';
import { Composer } from './composer.js';
import { editing } from './question-draft.js';
import { ExchangeView } from './exchange-view.js';
import { AskSettingsForm } from './ask-settings-form.js';

/** Pixels below the window up to which the composer still counts as visible. */
const VISIBLE_SLACK = 48;

/** The conversation and the question form. */
export function AskPanel() {
  const composer = useKeepInView(exchanges.value);
  return (
    <div class="ask-panel card">
      <Log />
      <Announcement />
      <div class="ask-panel-foot">
        <div class="ask-panel-composer" ref={composer}>
          <Composer />
        </div>
        <AskSettingsForm />
      </div>
    </div>
  );
}

function Log() {
  const log = exchanges.value;
  const editedAt = log.findIndex(({ id }) => id === editing.value?.id);
  const roleOf = (index: number) => {
    if (editedAt >= 0 && index >= editedAt) return index === editedAt ? 'edited' : 'discarded';
    return index === log.length - 1 ? 'last' : 'earlier';
  };
  return (
    // Not live, because screen readers would announce every delta. `Announcement` announces finished answers.
    <div role="log" class="ask-panel-log" aria-label={t().ask.log} aria-live="off">
      {log.length === 0 && <p class="ask-panel-empty">{t().ask.empty}</p>}
      {log.map((exchange, index) => (
        <ExchangeView
          key={exchange.id}
          exchange={exchange}
          role={roleOf(index)}
          mode={isAnswering.value ? 'fixed' : 'editable'}
        />
      ))}
    </div>
  );
}

/** Announces a finished answer to screen readers. */
function Announcement() {
  const last = exchanges.value.at(-1);
  const isFinished = last?.progress.state === 'finished' || last?.progress.state === 'stopped';
  return (
    <p class="visually-hidden" aria-live="polite" lang={last?.question.language}>
      {isFinished ? last.text : ''}
    </p>
  );
}

/**
 * Keeps an element below a growing text in view if it was in view before. Does not scroll if the reader scrolled away.
 *
 * @param growing changes when the text grows
 * @returns the ref of the element
 */
function useKeepInView(growing: unknown): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null);
  /** Bottom of the element in document coordinates, before the text grew. */
  const bottom = useRef(Infinity);
  useLayoutEffect(() => {
    if (!element.current) return;
    const wasInView = bottom.current - scrollY <= innerHeight + VISIBLE_SLACK;
    if (wasInView) element.current.scrollIntoView({ block: 'nearest' });
    bottom.current = element.current.getBoundingClientRect().bottom + scrollY;
  }, [growing]);
  return element;
}
