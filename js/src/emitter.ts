import type { Undo } from './clock.js';

/** Listeners by name of event. What a listener throws goes to `failed`; the others still hear. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();
  readonly #failed: (name: keyof Events, error: unknown) => void;

  constructor(failed: (name: keyof Events, error: unknown) => void) {
    this.#failed = failed;
  }

  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): Undo {
    // Wrapped, so that a function that was added twice is also taken away one at a time.
    const entry = (payload: Events[Name]): void => {
      listener(payload);
    };
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(entry));
    return () => {
      listeners.delete(entry);
    };
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(payload as never);
      } catch (error) {
        this.#failed(name, error);
      }
    }
  }
}
