import { render } from '@testing-library/react';
import React from 'react';

import type { IGpu, IRun } from '../../api';
import { trans } from '../../__tests__/rendering';
import { GpuUse, gpuWords } from '../gpuuse';
import { NOW, aRun } from './examples';

const gpu = (changes: Partial<IGpu> = {}): IGpu => ({
  number: 0,
  name: 'NVIDIA A100-SXM4-80GB',
  busy: 37,
  memory_used: 1536,
  memory_total: 81920,
  ...changes
});

const shown = (changes: Partial<IRun>): string =>
  render(<GpuUse run={aRun(changes)} now={NOW} trans={trans} />).container
    .textContent ?? '';

describe('GpuUse', () => {
  it('says of each GPU how busy it is and how full', () => {
    expect(gpuWords(gpu(), trans)).toBe('GPU 0: 37 % busy, 1.5 GB of 80 GB');
    const idle = gpu({ number: 3, busy: 0, memory_used: 4 });
    expect(gpuWords(idle, trans)).toBe('GPU 3: 0 % busy, 4.0 MB of 80 GB');
  });

  it('leaves out what the driver does not tell', () => {
    expect(gpuWords(gpu({ busy: null }), trans)).toBe('GPU 0: 1.5 GB of 80 GB');
    expect(gpuWords(gpu({ memory_total: null }), trans)).toBe(
      'GPU 0: 37 % busy, 1.5 GB'
    );
    expect(gpuWords(gpu({ memory_used: null }), trans)).toBe(
      'GPU 0: 37 % busy'
    );
  });

  it('names what is alike once, and says as of when', () => {
    const gpus = [gpu(), gpu({ number: 1, busy: 0 })];
    const text = shown({ gpu_use: { measured: NOW - 42, gpus } });
    expect(text).toContain('GPU 1: 0 % busy');
    expect(text.match(/A100/g)).toHaveLength(1);
    expect(text).toContain('as of 42 s ago');
  });

  it('shows nothing of a run that does not run, or of which nothing is known', () => {
    const gpu_use = { measured: NOW, gpus: [gpu()] };
    expect(shown({ gpu_use, state: 'exited' })).toBe('');
    expect(shown({ gpu_use, state: 'ended' })).toBe('');
    expect(shown({ gpu_use: { measured: NOW, gpus: [] } })).toBe('');
    expect(shown({ gpu_use: null })).toBe('');
    expect(shown({})).toBe('');
  });

  it('draws bars that need not be seen', () => {
    const gpus = [gpu(), gpu({ number: 1, busy: null })];
    const run = aRun({ gpu_use: { measured: NOW, gpus } });
    const { container } = render(<GpuUse run={run} now={NOW} trans={trans} />);
    const bars = [...container.querySelectorAll('.kk-GpuUse-track')];
    // Of the second there is no percentage to draw.
    expect(bars).toHaveLength(1);
    expect(bars[0].getAttribute('aria-hidden')).toBe('true');
  });
});
