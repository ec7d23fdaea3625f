/** Whether this server has kernels of Slurm jobs: until then nothing is asked. */
import type { KernelSpec, ServiceManager } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import type { IKernelkitModel } from '../tokens';
import { runOf } from './runs';

/** What `kernelkit/running/options.py` writes into a kernel.json. */
const PROVISIONER = 'kernelkit-slurm';
const PORTABLE = 'kernelkit_job';

/** Keeps the model current while a session has a kernel in a Slurm job. */
export class SlurmSessions {
  constructor(
    private readonly _services: ServiceManager.IManager,
    private readonly _model: IKernelkitModel,
    private readonly _onFirst: () => void
  ) {
    const look = () => this._look();
    _services.sessions.runningChanged.connect(look);
    _services.kernels.runningChanged.connect(look);
    _services.kernelspecs.specsChanged.connect(look);
    _model.jobs.changed.connect(look);
    look();
  }

  private _look(): void {
    const { kernels, kernelspecs } = this._services;
    const jobs = this._model.jobs.data;
    // One whose kernelspec has another name now is known by its run.
    const any = [...kernels.running()].some(
      ({ id, name }) => isSlurm(kernelspecs, name) || runOf(jobs, id) !== null
    );
    if (any && !this._watching) {
      this._watching = this._model.watch();
      if (!this._seen) {
        this._seen = true;
        this._onFirst();
      }
    } else if (!any) {
      this._watching?.dispose();
      this._watching = null;
    }
  }

  private _watching: IDisposable | null = null;
  private _seen = false;
}

/** Whether the kernels of a kernelspec run in Slurm jobs. */
export function isSlurm(specs: KernelSpec.IManager, name: string): boolean {
  const metadata: Record<string, unknown> =
    specs.specs?.kernelspecs[name]?.metadata ?? {};
  const stanza = metadata.kernel_provisioner as
    { provisioner_name?: string } | undefined;
  return stanza?.provisioner_name === PROVISIONER || PORTABLE in metadata;
}
