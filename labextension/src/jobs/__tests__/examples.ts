/** Runs as the server tells them. */
import type { IJobs, IRun, IStrayJob } from '../../api';

/** A moment on the server, in seconds since the epoch. */
export const NOW = 1_800_000_000;

export function aRun(changes: Partial<IRun> = {}): IRun {
  return {
    run: '0123456789ab',
    kernel: 'pytorch-2.7.1',
    kernel_id: 'k-1',
    display_name: 'PyTorch 2.7.1',
    job: '42',
    state: 'running',
    reason: '',
    serial: 1,
    node: 'n1',
    gpus: '',
    gres: 'gres:gpu:1',
    partition: 'gpu',
    created: NOW - 700,
    expected_start: null,
    started: NOW - 600,
    ends: NOW + 1800,
    seconds_left: 1800,
    unknown_since: null,
    trouble: '',
    warning: '',
    mine: true,
    attachable: false,
    keep: false,
    lease: 900,
    job_stays: false,
    end: null,
    resources: null,
    ...changes
  } as IRun;
}

export function aJob(changes: Partial<IStrayJob> = {}): IStrayJob {
  return {
    id: '9',
    name: 'kernelkit-x',
    state: 'RUNNING',
    node: 'n1',
    gres: '',
    ends: null,
    ...changes
  };
}

export function jobsWith(...runs: IRun[]): IJobs {
  return {
    runs,
    jobs_idle: [],
    jobs_without_run: [],
    unknown_since: null,
    problems: [],
    taken: NOW
  } as IJobs;
}
