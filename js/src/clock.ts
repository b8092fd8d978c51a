/** Takes back what the function that returned it did. A second call does nothing. */
export type Undo = () => void;

/** Time, as the client needs it. Tests hand in one that they move by hand. */
export interface Clock {
  /** Milliseconds. It must go on while the machine sleeps: that is how waking up is noticed. */
  now(): number;
  /** Calls `callback` once, `delayMs` from now at the earliest, unless undone before. */
  after(delayMs: number, callback: () => void): Undo;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};
