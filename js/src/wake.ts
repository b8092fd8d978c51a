import type { Undo } from './clock.js';

/**
 * Calls `listener` whenever there is reason to think that the line is another one than before, or
 * works again. Tests hand in their own.
 */
export type Wake = (listener: () => void) => Undo;

/**
 * In a page: the network came back, the page is shown again. Hiding a page disconnects nothing.
 * Elsewhere there are no such hints.
 */
export const pageWake: Wake = (listener) => {
  if (typeof document === 'undefined') return () => undefined;
  const shown = (): void => {
    if (document.visibilityState === 'visible') listener();
  };
  addEventListener('online', listener);
  document.addEventListener('visibilitychange', shown);
  return () => {
    removeEventListener('online', listener);
    document.removeEventListener('visibilitychange', shown);
  };
};
