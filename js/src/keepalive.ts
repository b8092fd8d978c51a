import type { Clock, Undo } from './clock.js';

/** How often it is looked whether time has jumped. */
const tickMs = 5_000;
/** A timer that is later than this did not fire late: the machine slept. */
const lateMs = 2_500;
/** An answer to `ping` that takes longer will not come. */
const answerMs = 10_000;

interface Line {
  /** Sends `ping`. */
  ask(): void;
  /** Nothing came in answer, nor anything else. */
  dead(): void;
}

/**
 * Notices a line on which nothing comes any more (PROTOCOL.md 7), since TCP may take a quarter of
 * an hour to do so, and a browser hides WebSocket pings from scripts.
 *
 *     quiet --nothing for intervalMs, or woke up--> asked --nothing for 10 s--> dead
 *       ^                                             |
 *       +---------------- anything heard -------------+
 */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #line: Line;
  #heardAt: number;
  /** While a `ping` is unanswered: until when, and whether it is the second in a row. */
  #asked: { readonly until: number; readonly again: boolean } | undefined;
  #undoTimer: Undo = () => undefined;

  constructor(clock: Clock, intervalMs: number, line: Line) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#line = line;
    this.#heardAt = clock.now();
    this.#arm();
  }

  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#asked = undefined;
  }

  /** Asks now: something happened that often means another network. */
  check(): void {
    if (this.#asked) return;
    this.#ask(false);
    this.#arm();
  }

  stop(): void {
    this.#undoTimer();
  }

  #arm(): void {
    this.#undoTimer();
    const now = this.#clock.now();
    // A clock that was set back must not make the line seem young for long.
    this.#heardAt = Math.min(this.#heardAt, now);
    const due = this.#asked?.until ?? this.#heardAt + this.#intervalMs;
    const delay = Math.min(Math.max(due - now, 0), tickMs);
    this.#undoTimer = this.#clock.after(delay, () => {
      this.#tick(now + delay);
    });
  }

  #tick(expectedAt: number): void {
    const now = this.#clock.now();
    const late = now - expectedAt > lateMs;
    if (!this.#asked) {
      if (late || now - this.#heardAt >= this.#intervalMs) this.#ask(false);
    } else if (now >= this.#asked.until) {
      // After a sleep the answer may wait unread: ask once more, but only once, since the timers
      // of a hidden page are always late.
      if (!late || this.#asked.again) {
        this.#line.dead();
        return;
      }
      this.#ask(true);
    }
    this.#arm();
  }

  #ask(again: boolean): void {
    this.#asked = { until: this.#clock.now() + answerMs, again };
    this.#line.ask();
  }
}
