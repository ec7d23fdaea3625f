/** Which offers are being installed from this page, and by which task. */
import { Signal, type ISignal } from '@lumino/signaling';

import type { IOffer, IProblem, ITask } from '../api';
import type { IKernelkitModel } from '../tokens';

export class Installs {
  constructor(private readonly _model: IKernelkitModel) {}

  /** Told when an install is asked for, and when that is answered. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The install of an offer that goes on, from the click to its end. */
  taskOf(identity: string): ITask | undefined {
    const id = this._tasks.get(identity);
    return (
      this._asked.get(identity) ??
      this._model.tasks.find(task => task.id === id && task.state === 'running')
    );
  }

  /**
   * Rejects with an ApiError where the server refuses at once. With `slurm`,
   * the kernel asks for jobs as its recipe says, or for those of the cluster.
   * Where such a job can never run there, this is what comes back, and nothing
   * is begun.
   */
  async begin(
    offer: IOffer,
    replace: boolean,
    slurm = false
  ): Promise<IProblem | undefined> {
    const { identity, install: source } = offer;
    this._asked.set(identity, asked(offer));
    this._changed.emit();
    try {
      const misfit = slurm ? await this._misfit(source) : undefined;
      if (!misfit) {
        const options = slurm ? { on_slurm: true } : {};
        const draft = { source, options, replace };
        await this._model.begin(async () => {
          const task = await this._model.api.install(draft);
          this._tasks.set(identity, task.id);
          return task;
        });
      }
      return misfit;
    } finally {
      this._asked.delete(identity);
      this._changed.emit();
    }
  }

  /** A partition to be chosen, an account to be named. */
  private async _misfit(source: string): Promise<IProblem | undefined> {
    const draft = { source, options: { on_slurm: true } };
    try {
      const { problems } = await this._model.api.validate(draft);
      return problems.find(
        ({ path, severity }) => severity === 'error' && path[0] === 'resources'
      );
    } catch {
      // The install says it, too.
      return undefined;
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _asked = new Map<string, ITask>();
  private readonly _tasks = new Map<string, string>();
}

/** An install before the server has a task of it. */
function asked({ name, display_name }: IOffer): ITask {
  return {
    id: '',
    serial: 0,
    started: Date.now() / 1000,
    kind: 'install',
    kernel: name,
    title: display_name,
    state: 'running',
    steps: [],
    error: null,
    result: null
  };
}
