import './text-card.css';

import { useSignal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { formatTime } from '../../media/frame-times.js';
import { languageOf } from '../../service/service-status.js';
import { describeFlag } from '../describe-flag.js';
import { formatWhen } from '../format.js';
import type { Decision, Item, ItemText } from '../job-types.js';
import { conflictOf } from '../review/review-store.js';
import { readUnsaved, storeUnsaved } from '../review/review-storage.js';
import { ConflictNote } from './conflict-note.js';

interface TextCardProps {
  readonly job: string;
  readonly item: Item;
  readonly text: ItemText;
  readonly onDecide: (decision: Decision, edited?: string) => void;
  /** Shows a second of the clip. */
  readonly onSeek: (seconds: number) => void;
}

/** The id of the card of a text, which takes the focus. */
export function textCardId(number: number): string {
  return `text-${number}`;
}

/** One text: its words to edit, where they come from, and the decisions about it. */
export function TextCard({ job, item, text, onDecide, onSeek }: TextCardProps) {
  const { card, kinds } = { card: t().jobs.card, kinds: t().captions.kinds };
  const titleId = useId();
  const typed = useSignal<string | null>(readUnsaved(job, item.id, text.number));
  const field = useRef<HTMLTextAreaElement>(null);
  const language = languageOf(text.language);
  const shown = typed.value ?? text.text;
  const isChanged = shown !== text.text;
  const canSave = isChanged && shown.trim() !== '';
  const conflict = conflictOf(item, text.number);
  useFittingHeight(field, shown);
  // Kept until the service has confirmed the text.
  useEffect(() => {
    storeUnsaved(job, item.id, text.number, isChanged ? shown : null);
  }, [typed.value, text.text]);

  const leave = () => document.getElementById(textCardId(text.number))?.focus();
  const save = () => {
    if (!canSave) return;
    leave();
    onDecide('edit', shown);
  };
  return (
    <article
      id={textCardId(text.number)}
      class={`text-card card text-card-${text.review}`}
      data-text={text.number}
      tabIndex={-1}
      aria-labelledby={titleId}
    >
      <header>
        <h3 id={titleId}>
          <span lang={text.language}>{language?.name ?? text.language}</span>
          <span class="text-card-kind">{kinds[text.kind]}</span>
        </h3>
        {text.start !== undefined && (
          <button type="button" class="button quiet" onClick={() => onSeek(text.start ?? 0)}>
            {t().captions.segment(formatTime(text.start), formatTime(text.end ?? text.start))}
          </button>
        )}
        <span class={`item-mark item-mark-${text.review}`}>{t().jobs.marks[text.review]}</span>
      </header>
      <textarea
        ref={field}
        class="field"
        lang={text.language}
        dir="auto"
        rows={2}
        spellcheck
        aria-labelledby={titleId}
        value={shown}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            save();
          } else if (event.key === 'Escape') {
            event.preventDefault();
            leave();
          }
        }}
      />
      {conflict && (
        <ConflictNote
          conflict={conflict}
          text={text}
          onUse={(mine) => {
            typed.value = null;
            onDecide('edit', mine);
          }}
          onKeep={() => {
            typed.value = null;
          }}
        />
      )}
      {text.flags.length > 0 && (
        <p class="text-card-flags">
          {text.flags.map((flag) => (
            <span key={flag} class="item-mark item-mark-flag">
              {describeFlag(flag)}
            </span>
          ))}
        </p>
      )}
      <Origin text={text} item={item} />
      {text.draft !== text.text && text.draft !== '' && (
        <div class="text-card-draft">
          <p class="label">{text.draft_changed ? card.newDraft : card.draft}</p>
          <p lang={text.language} dir="auto">
            {text.draft}
          </p>
          <button
            type="button"
            class="button quiet"
            onClick={() => {
              typed.value = text.draft;
              field.current?.focus();
            }}
          >
            {card.useDraft}
          </button>
        </div>
      )}
      <div class="text-card-actions">
        {isChanged ? (
          <>
            <button type="button" class="button primary" disabled={!canSave} onClick={save}>
              {card.save}
            </button>
            <button
              type="button"
              class="button"
              onClick={() => {
                typed.value = null;
              }}
            >
              {card.discard}
            </button>
            <span class="text-card-unsaved">{card.unsaved}</span>
          </>
        ) : (
          <>
            <button
              type="button"
              class="button"
              aria-pressed={text.review === 'accepted'}
              onClick={() => onDecide('accept')}
            >
              {t().jobs.commands.accept}
            </button>
            <button
              type="button"
              class="button"
              aria-pressed={text.review === 'rejected'}
              onClick={() => onDecide('reject')}
            >
              {t().jobs.commands.reject}
            </button>
            {text.review !== 'unreviewed' && (
              <button type="button" class="button quiet" onClick={() => onDecide('reopen')}>
                {t().jobs.commands.undo}
              </button>
            )}
          </>
        )}
      </div>
    </article>
  );
}

/** Who or which machine the text is from. */
function Origin({ text, item }: { readonly text: ItemText; readonly item: Item }) {
  const { card } = t().jobs;
  const model = [item.model?.id, item.model?.precision].filter(Boolean).join(' ');
  const { review, author, reviewed_at: when } = text;
  const isByPerson = review === 'edited';
  return (
    <p class="text-card-origin">
      {!isByPerson && card.byMachine(model || '?')}
      {review !== 'unreviewed' &&
        author !== undefined &&
        ` ${card.decided[review](author)}${when === undefined ? '' : `, ${formatWhen(when)}`}`}
    </p>
  );
}

/** Makes a text area as high as its text, where the browser does not do so itself (`field-sizing`). */
function useFittingHeight(
  field: { readonly current: HTMLTextAreaElement | null },
  text: string,
): void {
  useLayoutEffect(() => {
    const element = field.current;
    if (!element || CSS.supports('field-sizing', 'content')) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [text]);
}
