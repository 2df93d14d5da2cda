import { type ReadonlySignal, signal } from '@preact/signals';
import { createRef } from 'preact';

import { askQuestion, clearConversation, isAnswering } from './conversation-store.js';
import type { Exchange } from './conversation.js';

interface Edit {
  /** The exchange whose question is edited. */
  readonly id: number;
  /** The draft before the edit, restored afterwards. */
  readonly previousDraft: string;
}

const edited = signal<Edit | null>(null);

/** The text of the question field. */
export const draft = signal('');

/** The current edit. `null` while a new question is written. */
export const editing: ReadonlySignal<Edit | null> = edited;

/** The question field. */
export const questionField = createRef<HTMLTextAreaElement>();

/** Puts an earlier question into the field for editing. */
export function startEdit({ id, question }: Exchange): void {
  edited.value = { id, previousDraft: edited.value?.previousDraft ?? draft.value };
  draft.value = question.text;
  questionField.current?.focus();
}

/** Cancels the edit and restores the draft. */
export function cancelEdit(): void {
  if (edited.value) draft.value = edited.value.previousDraft;
  edited.value = null;
  questionField.current?.focus();
}

/** Sends the draft. After an edit, restores the previous draft. */
export function sendDraft(): void {
  const text = draft.value.trim();
  if (text !== '' && !isAnswering.value) {
    askQuestion(text, edited.value?.id ?? null);
    draft.value = edited.value?.previousDraft ?? '';
    edited.value = null;
  }
  focusQuestion();
}

/** Clears the conversation and keeps the draft. */
export function newConversation(): void {
  if (edited.value) cancelEdit();
  clearConversation();
  focusQuestion();
}

/** Focuses the question field, except on touch screens, where the on-screen keyboard would hide the answer. */
export function focusQuestion(): void {
  if (matchMedia('(pointer: coarse)').matches) return;
  questionField.current?.focus({ preventScroll: true });
}
