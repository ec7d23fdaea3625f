import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IGpu, IRun } from '../api';
import { ago, bytes } from '../format';

const MB = 1024 * 1024;

export interface IGpuUseProps {
  run: IRun;
  /** The server's time, in seconds since the epoch. */
  now: number;
  trans: TranslationBundle;
}

/** What the GPUs of a run do, in words and as bars, and when that was seen. */
export function GpuUse({ run, now, trans }: IGpuUseProps): JSX.Element | null {
  const use = run.gpu_use;
  if (run.state !== 'running' || !use || use.gpus.length === 0) {
    return null;
  }
  const names = [...new Set(use.gpus.map(({ name }) => name))];
  const seen = trans.__('as of %1', ago(use.measured, now, trans));
  return (
    <div className="kk-GpuUse">
      {use.gpus.map(gpu => (
        <div className="kk-GpuUse-gpu" key={gpu.number}>
          {gpu.busy !== null && (
            <span className="kk-GpuUse-track" aria-hidden="true">
              <span
                className="kk-GpuUse-share"
                style={{ width: `${gpu.busy}%` }}
              />
            </span>
          )}
          <span>{gpuWords(gpu, trans)}</span>
        </div>
      ))}
      <div>{[...names, seen].join(' · ')}</div>
    </div>
  );
}

/** `GPU 0: 37 % busy, 1.5 GB of 80 GB`. */
export function gpuWords(gpu: IGpu, trans: TranslationBundle): string {
  const { number, busy, memory_used: used, memory_total: total } = gpu;
  const memory =
    used === null
      ? ''
      : total === null
        ? bytes(used * MB)
        : trans.__('%1 of %2', bytes(used * MB), bytes(total * MB));
  const parts = [busy === null ? '' : trans.__('%1 % busy', busy), memory];
  return trans.__('GPU %1: %2', number, parts.filter(Boolean).join(', '));
}
