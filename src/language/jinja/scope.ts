import { Undefined, type Value } from './values.js';

/** The variables of a template, a loop iteration or a macro call. */
export class Scope {
  private readonly variables = new Map<string, Value>();

  constructor(private readonly parent: Scope | null) {}

  set(name: string, value: Value): void {
    this.variables.set(name, value);
  }

  get(name: string): Value {
    return this.variables.get(name) ?? (this.variables.has(name) ? null : this.inherited(name));
  }

  private inherited(name: string): Value {
    return this.parent ? this.parent.get(name) : new Undefined(name);
  }
}
