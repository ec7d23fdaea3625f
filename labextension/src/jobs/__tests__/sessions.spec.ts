import type { ServiceManager } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import type { IJobs } from '../../api';
import { Resource } from '../../resource';
import type { IKernelkitModel } from '../../tokens';
import { SlurmSessions } from '../sessions';
import { aRun, jobsWith } from './examples';

/** A server with a kernel `k-1` of a kernelspec, which may be renamed. */
async function serverWith(first: IJobs) {
  const jobs = new Resource(async () => first);
  const signals = new Map<string, Signal<object, void>>();
  const signal = (name: string) => {
    const made = new Signal<object, void>({});
    signals.set(name, made);
    return made;
  };
  const metadata = {
    kernel_provisioner: { provisioner_name: 'kernelkit-slurm' }
  };
  const running = [{ id: 'k-1', name: 'torch' }];
  const kernelspecs = {
    specs: { kernelspecs: { torch: { metadata } } as Record<string, unknown> },
    specsChanged: signal('specs')
  };
  const services = {
    sessions: { runningChanged: signal('sessions') },
    kernels: {
      running: () => running.values(),
      runningChanged: signal('kernels')
    },
    kernelspecs
  };
  let watchers = 0;
  const watch = () => {
    watchers++;
    return { dispose: () => void watchers--, isDisposed: false };
  };
  const model = { jobs, watch } as unknown as IKernelkitModel;
  let begun = 0;
  new SlurmSessions(
    services as unknown as ServiceManager.IManager,
    model,
    () => begun++
  );
  return {
    jobs,
    watched: () => watchers,
    begun: () => begun,
    rename: () => {
      kernelspecs.specs.kernelspecs = { renamed: { metadata } };
      signals.get('specs')?.emit();
    },
    end: () => {
      running.pop();
      signals.get('kernels')?.emit();
    }
  };
}

describe('SlurmSessions', () => {
  it('watches while a kernel runs in a job', async () => {
    const { watched, end } = await serverWith(jobsWith());
    expect(watched()).toBe(1);
    end();
    expect(watched()).toBe(0);
  });

  it('goes on watching a kernel whose kernelspec is renamed', async () => {
    const { jobs, watched, begun, rename, end } = await serverWith(
      jobsWith(aRun())
    );
    await jobs.refresh();
    rename();
    expect(watched()).toBe(1);
    expect(begun()).toBe(1);
    end();
    expect(watched()).toBe(0);
  });

  it('watches a kernel by its run, when that comes to be known', async () => {
    const { jobs, watched, rename, end } = await serverWith(jobsWith());
    rename();
    expect(watched()).toBe(0);
    await jobs.refresh();
    jobs.update(() => jobsWith(aRun()));
    expect(watched()).toBe(1);
    end();
    expect(watched()).toBe(0);
  });
});
