/** Numbers and states in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  KernelState,
  OfferKind,
  Resources,
  RunState,
  Scope,
  TaskState
} from './api';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `2 d 3 h`, `1 h 5 min`, `4 min`, `12 s`: the two largest units. */
export function duration(seconds: number, trans: TranslationBundle): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) {
    return trans.__('%1 s', whole);
  }
  if (whole < HOUR) {
    return trans.__('%1 min', Math.floor(whole / MINUTE));
  }
  if (whole < DAY) {
    const hours = Math.floor(whole / HOUR);
    const minutes = Math.floor((whole % HOUR) / MINUTE);
    return minutes
      ? trans.__('%1 h %2 min', hours, minutes)
      : trans.__('%1 h', hours);
  }
  const days = Math.floor(whole / DAY);
  const hours = Math.floor((whole % DAY) / HOUR);
  return hours ? trans.__('%1 d %2 h', days, hours) : trans.__('%1 d', days);
}

/** How long ago, from two times in seconds since the epoch. */
export function ago(
  then: number,
  now: number,
  trans: TranslationBundle
): string {
  return now - then < 5
    ? trans.__('just now')
    : trans.__('%1 ago', duration(now - then, trans));
}

/** A time of day, with the date where it is not today: `now` is the server's. */
export function moment(epoch: number, now: number): string {
  const date = new Date(epoch * 1000);
  const today = new Date(now * 1000).toDateString() === date.toDateString();
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  return today
    ? date.toLocaleTimeString(undefined, time)
    : date.toLocaleString(undefined, {
        ...time,
        month: 'short',
        day: 'numeric'
      });
}

/** A day and the time of it. */
export function dateTime(epoch: number): string {
  return new Date(epoch * 1000).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short'
  });
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `512 B`, `1.5 GB`: powers of 1024, as Slurm counts. */
export function bytes(count: number): string {
  let unit = 0;
  while (count >= 1024 && unit < UNITS.length - 1) {
    count /= 1024;
    unit++;
  }
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${UNITS[unit]}`;
}

export function kernelState(
  state: KernelState,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'ready':
      return trans.__('Ready');
    case 'stale':
      return trans.__('Stale');
    case 'broken':
      return trans.__('Broken');
    case 'shadowed':
      return trans.__('Shadowed');
    case 'unmanaged':
      return trans.__('Not managed');
  }
}

export function runState(state: RunState, trans: TranslationBundle): string {
  switch (state) {
    case 'new':
      return trans.__('Submitting');
    case 'queued':
      return trans.__('Queued');
    case 'starting':
      return trans.__('Starting');
    case 'running':
      return trans.__('Running');
    case 'exited':
      return trans.__('Exited');
    case 'ended':
      return trans.__('Ended');
    case 'unknown':
      return trans.__('Unknown');
  }
}

export function taskState(state: TaskState, trans: TranslationBundle): string {
  switch (state) {
    case 'running':
      return trans.__('In progress');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
  }
}

/** The plural, as a filter and a heading show it. */
export function offerKind(kind: OfferKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'recipe':
      return trans.__('Recipes');
    case 'module':
      return trans.__('Modules');
    case 'image':
      return trans.__('Images');
    case 'conda':
      return trans.__('conda environments');
    case 'venv':
      return trans.__('Virtual environments');
    case 'kernelspec':
      return trans.__('Kernels');
  }
}

export function scope(value: Scope, trans: TranslationBundle): string {
  switch (value) {
    case 'user':
      return trans.__('yours');
    case 'project':
      return trans.__('of a project');
    case 'sys-prefix':
      return trans.__('of this Jupyter');
    case 'system':
      return trans.__('of the system');
  }
}

/** A Slurm request in one line: `gpu · gpu:a100:1 · 16G · 2:00:00`. */
export function request(
  resources: Resources,
  trans: TranslationBundle
): string {
  const words: string[] = [];
  const put = (key: string, text: (value: string) => string = String) => {
    const value = resources[key];
    if (value !== undefined && value !== null && value !== '') {
      words.push(text(String(value)));
    }
  };
  put('partition');
  put('gres');
  put('nodes', count => trans._n('%1 node', '%1 nodes', Number(count)));
  put('ntasks', count => trans._n('%1 task', '%1 tasks', Number(count)));
  put('cpus', count => trans._n('%1 CPU', '%1 CPUs', Number(count)));
  put('mem');
  put('mem_per_cpu', size => trans.__('%1 a CPU', size));
  put('mem_per_gpu', size => trans.__('%1 a GPU', size));
  put('time');
  return words.join(' · ');
}
