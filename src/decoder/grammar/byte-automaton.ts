/**
 * A pushdown automaton over the bytes of a text, and its deterministic states, which are made when a text reaches them.
 * The stack carries recursion: a call of a rule pushes the state to return to.
 */

/** Inclusive range of bytes. */
export type ByteRange = readonly [first: number, last: number];

/** Number of a state of the grammar. */
export type GrammarState = number;

/** A part of the grammar that may contain itself. */
export interface Rule {
  readonly start: GrammarState;
}

interface StateRecord {
  readonly edges: (readonly [first: number, last: number, target: GrammarState])[];
  readonly targets: GrammarState[];
  call: { readonly rule: Rule; readonly next: GrammarState } | null;
  isFreeText: boolean;
}

/** Longest token, in characters, that a state of free text has to accept as a whole. */
export const MAX_FREE_TEXT = 16;

/** About 10 MB, and 50 ms to compile. */
const MAX_GRAMMAR_STATES = 50_000;

/** Deterministic states kept for one grammar, about 2 kB each. At this limit all are dropped and rebuilt as needed. */
const MAX_KEPT_STATES = 4096;

export class GrammarTooLargeError extends Error {}

/** A call of a rule that reaches itself before it reads a byte. */
export class EndlessGrammarError extends Error {}

/** Builds a grammar from its end to its start: most methods take the state that follows. */
export class GrammarBuilder {
  /** End of the text, and end of every rule. */
  readonly end: GrammarState;
  readonly #states: StateRecord[] = [];

  constructor() {
    this.end = this.state();
  }

  /** A state without a way out. @throws GrammarTooLargeError */
  state(): GrammarState {
    if (this.#states.length >= MAX_GRAMMAR_STATES) throw new GrammarTooLargeError();
    this.#states.push({ edges: [], targets: [], call: null, isFreeText: false });
    return this.#states.length - 1;
  }

  /** Adds a way out of a state that reads one byte. */
  addBytes(from: GrammarState, ranges: readonly ByteRange[], target: GrammarState): void {
    for (const [first, last] of ranges) this.#record(from).edges.push([first, last, target]);
  }

  /** Adds a way out of a state that reads nothing. */
  addTarget(from: GrammarState, target: GrammarState): void {
    this.#record(from).targets.push(target);
  }

  /** Marks a state that accepts any MAX_FREE_TEXT characters except quotation marks, backslashes and controls. */
  markFreeText(state: GrammarState): void {
    this.#record(state).isFreeText = true;
  }

  bytes(ranges: readonly ByteRange[], next: GrammarState): GrammarState {
    const state = this.state();
    this.addBytes(state, ranges, next);
    return state;
  }

  text(text: string, next: GrammarState): GrammarState {
    return [...Buffer.from(text)].reduceRight(
      (after, byte) => this.bytes([[byte, byte]], after),
      next,
    );
  }

  choice(...states: readonly GrammarState[]): GrammarState {
    const state = this.state();
    for (const target of states) this.addTarget(state, target);
    return state;
  }

  rule(): Rule {
    return { start: this.state() };
  }

  call(rule: Rule, next: GrammarState): GrammarState {
    const state = this.state();
    this.#record(state).call = { rule, next };
    return state;
  }

  /** @throws EndlessGrammarError */
  build(start: GrammarState): ByteAutomaton {
    return new ByteAutomaton(this.#states, start, this.end);
  }

  #record(state: GrammarState): StateRecord {
    return at(this.#states, state);
  }
}

/** A grammar as the token masks use it. It remembers the states that texts have reached. */
export class ByteAutomaton {
  readonly #states: readonly StateRecord[];
  readonly #end: GrammarState;
  readonly #startState: GrammarState;
  /** Stacks by number: the state to return to, and the stack below. Stack 0 is empty. */
  readonly #stacks: { readonly next: GrammarState; readonly below: number }[] = [
    { next: -1, below: -1 },
  ];
  readonly #stackNumbers = new Map<number, number>();
  #kept = new Map<string, AutomatonState>();

  constructor(states: readonly StateRecord[], start: GrammarState, end: GrammarState) {
    this.#states = states;
    this.#startState = start;
    this.#end = end;
    this.#checkCalls();
  }

  start(): AutomatonState {
    const start = this.#reach([{ state: this.#startState, stack: 0 }]);
    if (!start) throw new RangeError('The grammar has no text.');
    return start;
  }

  /** The state after one more byte; null if no text of the grammar continues like this. */
  step(positions: readonly Position[], byte: number): AutomatonState | null {
    const targets: Position[] = [];
    for (const { state, stack } of positions) {
      for (const [first, last, target] of at(this.#states, state).edges) {
        if (byte >= first && byte <= last) targets.push({ state: target, stack });
      }
    }
    return targets.length === 0 ? null : this.#reach(targets);
  }

  /** Follows everything that reads no byte. */
  #reach(from: readonly Position[]): AutomatonState | null {
    const seen = new Set<number>();
    const reading: Position[] = [];
    const found = { isComplete: false, isFreeText: false };
    const visit = ({ state, stack }: Position): void => {
      const number = this.#numberOf(state, stack);
      if (seen.has(number)) return;
      seen.add(number);
      const { edges, targets, call, isFreeText: isFree } = at(this.#states, state);
      if (edges.length > 0) reading.push({ state, stack });
      found.isFreeText ||= isFree;
      for (const target of targets) visit({ state: target, stack });
      if (call) visit({ state: call.rule.start, stack: this.#push(call.next, stack) });
      if (state !== this.#end) return;
      const { next, below } = at(this.#stacks, stack);
      if (below === -1) found.isComplete = true;
      else visit({ state: next, stack: below });
    };
    for (const position of from) visit(position);
    if (reading.length === 0 && !found.isComplete) return null;
    const key = `${reading
      .map(({ state, stack }) => this.#numberOf(state, stack))
      .sort((a, b) => a - b)
      .join()}${found.isComplete ? '.' : ''}`;
    const known = this.#kept.get(key);
    if (known) return known;
    if (this.#kept.size >= MAX_KEPT_STATES) this.#kept = new Map();
    const made = new AutomatonState(this, reading, found);
    this.#kept.set(key, made);
    return made;
  }

  #push(next: GrammarState, below: number): number {
    const key = this.#numberOf(next, below);
    const known = this.#stackNumbers.get(key);
    if (known !== undefined) return known;
    this.#stacks.push({ next, below });
    this.#stackNumbers.set(key, this.#stacks.length - 1);
    return this.#stacks.length - 1;
  }

  #numberOf(state: GrammarState, stack: number): number {
    return stack * this.#states.length + state;
  }

  /** @throws EndlessGrammarError if a rule calls itself before a byte: following the calls would never end. */
  #checkCalls(): void {
    const checked = new Set<GrammarState>();
    const open = new Set<GrammarState>();
    const visitRule = (start: GrammarState): void => {
      if (checked.has(start)) return;
      if (open.has(start)) throw new EndlessGrammarError();
      open.add(start);
      const seen = new Set<GrammarState>();
      const visit = (state: GrammarState): void => {
        if (seen.has(state)) return;
        seen.add(state);
        const { targets, call } = at(this.#states, state);
        targets.forEach(visit);
        if (call) visitRule(call.rule.start);
      };
      visit(start);
      open.delete(start);
      checked.add(start);
    };
    for (const { call } of this.#states) if (call) visitRule(call.rule.start);
  }
}

interface Position {
  readonly state: GrammarState;
  readonly stack: number;
}

/** All positions in the grammar that one text can have reached. */
export class AutomatonState {
  /** Whether the text may end here. */
  readonly isComplete: boolean;
  /** Whether any text of MAX_FREE_TEXT characters without quotation marks, backslashes and controls may follow. */
  readonly isFreeText: boolean;
  readonly #automaton: ByteAutomaton;
  readonly #positions: readonly Position[];
  readonly #next = new Array<AutomatonState | null | undefined>(256).fill(undefined);

  constructor(
    automaton: ByteAutomaton,
    positions: readonly Position[],
    { isComplete, isFreeText }: Pick<AutomatonState, 'isComplete' | 'isFreeText'>,
  ) {
    this.#automaton = automaton;
    this.#positions = positions;
    this.isComplete = isComplete;
    this.isFreeText = isFreeText;
  }

  step(byte: number): AutomatonState | null {
    const known = this.#next[byte];
    if (known !== undefined) return known;
    const next = this.#automaton.step(this.#positions, byte);
    this.#next[byte] = next;
    return next;
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`No item ${index} of ${items.length}.`);
  return item;
}
