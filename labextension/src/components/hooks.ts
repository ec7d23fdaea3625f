import type { ISignal } from '@lumino/signaling';
import { useEffect, useReducer, useState } from 'react';

/** Draw again whenever a signal tells of a change. */
export function useSignal(signal: ISignal<unknown, unknown>): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const slot = () => redraw();
    signal.connect(slot);
    // What was told between the drawing and this effect.
    redraw();
    return () => {
      signal.disconnect(slot);
    };
  }, [signal]);
}

/** The time in seconds since the epoch, renewed every `interval` ms. */
export function useNow(interval: number): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now() / 1000), interval);
    return () => window.clearInterval(timer);
  }, [interval]);
  return now;
}

/** A value that follows another after it has been still for `delay` ms. */
export function useSettled<T>(value: T, delay: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), delay);
    return () => window.clearTimeout(timer);
  }, [value, delay]);
  return settled;
}
