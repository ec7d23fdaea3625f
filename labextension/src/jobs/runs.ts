/** Runs in order, and in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJobs, IRun, IRunEnd } from '../api';
import { serverTime } from '../clock';
import type { ChipTone } from '../components/statechip';
import { duration, moment, runState } from '../format';
import type { IResource } from '../resource';

/** Minutes before the end at which the time left is amber, and red. */
const AMBER = 10;
const RED = 3;

const MINUTE = 60;

/** What a run is called. */
export function titleOf(run: IRun): string {
  return run.display_name || run.kernel;
}

/** The run of a kernel that has not ended, or else its last one. */
export function runOf(
  jobs: IJobs | null,
  kernelId: string | undefined
): IRun | null {
  if (!jobs || !kernelId) {
    return null;
  }
  const runs = jobs.runs
    .filter(run => run.kernel_id === kernelId)
    .sort((a, b) => b.created - a.created);
  return runs.find(run => run.state !== 'ended') ?? runs[0] ?? null;
}

/** How many other kernels share the job of a run. */
export function othersIn(run: IRun, jobs: IJobs | null): number {
  const others = (jobs?.runs ?? []).filter(
    other =>
      other.run !== run.run && other.job === run.job && other.state !== 'ended'
  );
  return run.job ? others.length : 0;
}

/** Whether a job ends with this kernel of it. */
export function endsJob(run: IRun, jobs: IJobs | null): boolean {
  return othersIn(run, jobs) === 0 && !run.job_stays;
}

/** `state unknown since 14:32`, while Slurm does not answer. */
export function unknownWords(
  run: IRun,
  now: number,
  trans: TranslationBundle
): string {
  return run.unknown_since && run.state !== 'ended'
    ? trans.__('state unknown since %1', moment(run.unknown_since, now))
    : '';
}

/** How a run stands, and whether that is true now. */
export function stateWords(
  run: IRun,
  now: number,
  trans: TranslationBundle
): string {
  const state = runState(run.state, trans);
  return [state, unknownWords(run, now, trans)].filter(Boolean).join(' · ');
}

/**
 * The server's time in seconds, now or at a moment of the browser's clock; the
 * browser's while nothing was told.
 */
export function serverNow(jobs: IResource<IJobs>, when = Date.now()): number {
  return jobs.data
    ? serverTime(jobs.data.taken, jobs.taken, when)
    : when / 1000;
}

/** Seconds until the time limit; null where there is none or it waits. */
export function secondsLeft(run: IRun, now: number): number | null {
  const ticking = run.state === 'running' || run.state === 'starting';
  return ticking && run.ends ? Math.max(0, run.ends - now) : null;
}

export function timeTone(seconds: number | null): ChipTone {
  if (seconds === null || seconds > AMBER * MINUTE) {
    return 'plain';
  }
  return seconds > RED * MINUTE ? 'warn' : 'bad';
}

/** The part of the time limit that is left, from 0 to 1. */
export function shareLeft(run: IRun, now: number): number | null {
  const left = secondsLeft(run, now);
  if (left === null || !run.started || !run.ends || run.ends <= run.started) {
    return null;
  }
  return Math.min(1, left / (run.ends - run.started));
}

/** How a run's state is painted. */
export function runTone(run: IRun): ChipTone {
  if (run.state !== 'ended' && (run.unknown_since || run.trouble)) {
    return 'warn';
  }
  switch (run.state) {
    case 'running':
      return 'good';
    case 'new':
    case 'queued':
    case 'starting':
      return 'busy';
    case 'exited':
    case 'unknown':
      return 'warn';
    case 'ended':
      return endedAsAsked(run) ? 'plain' : 'bad';
  }
}

/** When a queued run is to start: `starts about 14:32`. */
export function startWords(
  run: IRun,
  now: number,
  trans: TranslationBundle
): string {
  return run.state === 'queued' && run.expected_start
    ? trans.__('starts about %1', moment(run.expected_start, now))
    : '';
}

/** `1 h 5 min left`. */
export function leftWords(
  run: IRun,
  now: number,
  trans: TranslationBundle
): string {
  const left = secondsLeft(run, now);
  return left === null ? '' : trans.__('%1 left', duration(left, trans));
}

/** Where a run is: node, GPUs of its job, and which of them are its own. */
export function placeWords(run: IRun, trans: TranslationBundle): string {
  const gres = run.gres.replaceAll('gres:', '');
  const own = run.gpus ? trans.__('GPUs %1 of the job', run.gpus) : '';
  return [run.node, gres, own].filter(Boolean).join(' · ');
}

/** Why it stands as it stands, in one line. */
export function reasonWords(
  run: IRun,
  now: number,
  trans: TranslationBundle
): string {
  if (run.state === 'ended') {
    return run.end ? endWords(run.end) : run.reason;
  }
  if (run.state === 'running' && !run.attachable) {
    // The node stands beside the state already.
    return '';
  }
  return [run.reason, startWords(run, now, trans)].filter(Boolean).join('; ');
}

/** How a run ended, and what to do then. */
export function endWords(end: IRunEnd): string {
  return end.advice ? `${end.words}. ${end.advice}` : end.words;
}

/** Whether a run ended because its user said so: nothing is wrong then. */
export function endedAsAsked(run: IRun): boolean {
  return !run.end || run.end.code === 'SHUT_DOWN';
}
