import './item-view.css';

import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { formatAddress, JOB_LIST } from '../../shell/address.js';
import { goTo, replaceAddress } from '../../shell/current-address.js';
import { ErrorNote } from '../../shell/error-note.js';
import { BackIcon, ForwardIcon } from '../../shell/icons.js';
import { describeFlag } from '../describe-flag.js';
import { markOf } from '../grid/item-cell.js';
import type { JobFilter } from '../job-filter.js';
import { lastItem, shownJob, watchJob } from '../job-store.js';
import type { Decision, Item, ItemText } from '../job-types.js';
import { OutboxNote } from '../review/outbox-note.js';
import { decideAbout, itemError, openItem, shownItem } from '../review/review-store.js';
import { askReviewer, reviewer, withReviewer } from '../review/reviewer.js';
import { ViewHeading } from '../view-heading.js';
import { ItemMedia, type SeekTo } from './item-media.js';
import { RecordList } from './record-list.js';
import { RegenerateDialog } from './regenerate-dialog.js';
import { type Command, commandOf, type KeyTarget } from './review-keys.js';
import { ShortcutList, usesShortcuts } from './shortcut-list.js';
import { TextCard, textCardId } from './text-card.js';

/** Milliseconds between two looks at an item that is being captioned. */
const RELOAD_MS = 2_000;

interface ItemViewProps {
  readonly job: string;
  readonly id: number;
  readonly filter: JobFilter;
}

/** One item: its picture or clip, its record, and its texts to review. */
export function ItemView({ job, id, filter }: ItemViewProps) {
  useEffect(() => watchJob(job), [job]);
  useLayoutEffect(() => scrollTo(0, 0), []);
  useEffect(() => {
    lastItem.value = id;
    void openItem(job, id, filter);
  }, [job, id]);
  const isWaiting = shownItem.value?.state === 'queued' || shownItem.value?.state === 'active';
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setInterval(() => void openItem(job, id, filter), RELOAD_MS);
    return () => clearInterval(timer);
  }, [job, id, isWaiting]);
  const name = shownJob.value?.id === job ? shownJob.value.name : '…';
  const item = shownItem.value?.id === id ? shownItem.value : null;
  return (
    <div class="item-view">
      <nav class="crumbs" aria-label={t().jobs.crumbs}>
        <a href={formatAddress(JOB_LIST)}>{t().jobs.list.title}</a>
        <span aria-hidden="true">/</span>
        <a href={formatAddress({ space: 'jobs', view: 'job', job, filter })}>{name}</a>
      </nav>
      <OutboxNote />
      {itemError.value !== null && (
        <ErrorNote error={itemError.value} onRetry={() => void openItem(job, id, filter)} />
      )}
      {item && <Review job={job} item={item} filter={filter} />}
    </div>
  );
}

interface ReviewProps {
  readonly job: string;
  readonly item: Item;
  readonly filter: JobFilter;
}

function Review({ job, item, filter }: ReviewProps) {
  const dialog = useSignal<'help' | 'regenerate' | null>(null);
  const message = useSignal('');
  /** The items that were left by "next", for the way back: a filter may no longer find them. */
  const trail = useRef<number[]>([]);
  const seek = useRef<SeekTo>(() => undefined);
  const show = (next: number) =>
    replaceAddress({ space: 'jobs', view: 'item', job, item: next, filter });
  const goForward = () => {
    if (item.next === null) {
      message.value = t().jobs.item.last;
      return;
    }
    trail.current.push(item.id);
    show(item.next);
  };
  const goBackward = () => {
    const previous = trail.current.pop() ?? item.previous;
    if (previous === null) message.value = t().jobs.item.first;
    else show(previous);
  };
  useEffect(() => {
    message.value = '';
    focusText(item.texts.find(isUnreviewed) ?? item.texts[0], 'without scrolling');
  }, [item.id, item.texts.length === 0]);

  const decide = (texts: readonly ItemText[], decision: Decision, text?: string) =>
    withReviewer((author) => {
      for (const each of texts) {
        // The text that the person saw: a newer one is not accepted unseen.
        const seen = text ?? (decision === 'accept' ? each.text : undefined);
        decideAbout(
          job,
          item,
          each,
          { decision, ...(seen !== undefined && { text: seen }) },
          author,
        );
      }
      const numbers = texts.map(({ number }) => number);
      message.value = decision === 'reopen' ? '' : t().jobs.decided[decision](texts.length);
      if (decision === 'reopen') focusText(texts[0]);
      else goOn(item, numbers, goForward);
    });
  const run = (command: Command) => {
    const current = currentText(item);
    switch (command) {
      case 'next':
        goForward();
        break;
      case 'previous':
        goBackward();
        break;
      case 'back':
        goTo({ space: 'jobs', view: 'job', job, filter });
        break;
      case 'help':
      case 'regenerate':
        dialog.value = command;
        break;
      case 'acceptAll': {
        const open = item.texts.filter(isUnreviewed);
        if (open.length > 0) decide(open, 'accept');
        else goForward();
        break;
      }
      case 'textDown':
        focusText(neighbor(item, current, 1));
        break;
      case 'textUp':
        focusText(neighbor(item, current, -1));
        break;
      case 'edit':
        if (current) focusEditor(current);
        break;
      case 'accept':
      case 'reject':
        if (current) decide([current], command);
        break;
      case 'undo':
        if (current && !isUnreviewed(current)) decide([current], 'reopen');
        break;
    }
  };
  const latestRun = useRef(run);
  latestRun.current = run;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (document.querySelector('dialog[open]') || event.defaultPrevented) return;
      const command = commandOf(event, targetOf(event.target));
      if (command === null || (event.key.length === 1 && !usesShortcuts.peek())) return;
      event.preventDefault();
      latestRun.current(command);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const close = () => {
    dialog.value = null;
  };
  return (
    <>
      <header class="item-view-head">
        <ViewHeading title={item.title || item.identifier} />
        <p class="item-view-marks">
          <span class={`item-mark item-mark-${markOf(item)}`}>{t().jobs.marks[markOf(item)]}</span>
          {item.flags.map((flag) => (
            <span key={flag} class="item-mark item-mark-flag">
              {describeFlag(flag)}
            </span>
          ))}
        </p>
        <div class="item-view-steps">
          <button type="button" class="button" onClick={goBackward}>
            <BackIcon />
            {t().jobs.item.previous}
          </button>
          <button type="button" class="button" onClick={goForward}>
            {t().jobs.item.next}
            <ForwardIcon />
          </button>
          <button type="button" class="button primary" onClick={() => run('acceptAll')}>
            {t().jobs.item.acceptAll}
          </button>
        </div>
      </header>
      <div class="item-view-columns">
        <div class="item-view-media">
          <ItemMedia key={item.id} job={job} item={item} seek={seek} />
          <RecordList item={item} />
        </div>
        <div class="item-view-texts">
          {item.error && <FailedItem item={item} />}
          {item.texts.length === 0 && !item.error && (
            <p class="job-items-empty card">{t().jobs.item.noTexts}</p>
          )}
          {item.texts.map((text) => (
            <TextCard
              key={`${item.id}/${text.number}`}
              {...{ job, item, text }}
              onDecide={(decision, edited) => decide([text], decision, edited)}
              onSeek={(seconds) => seek.current(seconds)}
            />
          ))}
        </div>
      </div>
      <footer class="item-view-foot">
        <p role="status">{message.value}</p>
        <button type="button" class="button quiet" onClick={() => run('regenerate')}>
          {t().jobs.commands.regenerate}
        </button>
        <button type="button" class="button quiet" onClick={() => run('help')}>
          {t().jobs.commands.help} (?)
        </button>
        <button type="button" class="button quiet" onClick={askReviewer}>
          {reviewer.value === '' ? t().jobs.reviewer.title : t().jobs.reviewer.as(reviewer.value)}
        </button>
      </footer>
      {dialog.value === 'help' && <ShortcutList onClose={close} />}
      {dialog.value === 'regenerate' && (
        <RegenerateDialog
          {...{ job, item }}
          onClose={close}
          onDone={() => {
            close();
            message.value = t().jobs.regenerate.queued;
            void openItem(job, item.id, filter);
          }}
        />
      )}
    </>
  );
}

function FailedItem({ item: { error } }: { readonly item: Item }) {
  const { item, grid } = t().jobs;
  return (
    <div class="error-note">
      <p>{item.failed}</p>
      <p class="error-note-detail" lang="en">
        {error?.message ?? grid.none}
      </p>
    </div>
  );
}

function isUnreviewed({ review }: ItemText): boolean {
  return review === 'unreviewed';
}

/** To the next text of the item that nobody decided about, or to the next item. */
function goOn({ texts }: Item, decided: readonly number[], goForward: () => void): void {
  const last = texts.findIndex(({ number }) => number === decided.at(-1));
  const isOpen = (text: ItemText) => isUnreviewed(text) && !decided.includes(text.number);
  const next = texts.slice(last + 1).find(isOpen) ?? texts.find(isOpen);
  if (next) focusText(next);
  else goForward();
}

/** The text whose card has the focus; else the first. */
function currentText({ texts }: Item): ItemText | undefined {
  const focused = document.activeElement?.closest('[data-text]')?.getAttribute('data-text');
  return texts.find(({ number }) => String(number) === focused) ?? texts[0];
}

function neighbor({ texts }: Item, text: ItemText | undefined, step: number): ItemText | undefined {
  const at = texts.findIndex(({ number }) => number === text?.number);
  return texts[Math.min(texts.length - 1, Math.max(0, at + step))];
}

function focusText(text: ItemText | undefined, scrolling?: 'without scrolling'): void {
  if (!text) return;
  const card = document.getElementById(textCardId(text.number));
  card?.focus({ preventScroll: true });
  if (!scrolling) card?.scrollIntoView({ block: 'nearest' });
}

function focusEditor({ number }: ItemText): void {
  const field = document.getElementById(textCardId(number))?.querySelector('textarea');
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

function targetOf(target: EventTarget | null): KeyTarget {
  if (!(target instanceof HTMLElement)) return 'page';
  if (target.closest('textarea, input:not([type=checkbox]), select, [contenteditable]')) {
    return 'text field';
  }
  return target.closest('a, button, input, summary, video, [role=tab]') ? 'control' : 'page';
}
