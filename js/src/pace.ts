import type { Clock, Undo } from './clock.js';

/** Between messages that had to wait: below the 50 a second that a gateway takes by default. */
const spacingMs = 25;

/**
 * Sends at once, until the gateway says that messages come too fast: then what it did not carry
 * out, and all that is said meanwhile, goes one at a time.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #send: (text: string) => void;
  #waiting: string[] = [];
  #undo: Undo | undefined;

  constructor(clock: Clock, send: (text: string) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  send(text: string): void {
    if (this.#undo) this.#waiting.push(text);
    else this.#send(text);
  }

  /** This one came too fast. */
  again(text: string, afterMs: number): void {
    this.#waiting.push(text);
    this.#pause(afterMs);
  }

  stop(): void {
    this.#undo?.();
  }

  #pause(ms: number): void {
    this.#undo?.();
    this.#undo = this.#clock.after(ms, () => {
      const text = this.#waiting.shift();
      if (text === undefined) {
        this.#undo = undefined;
        return;
      }
      this.#pause(spacingMs);
      this.#send(text);
    });
  }
}
