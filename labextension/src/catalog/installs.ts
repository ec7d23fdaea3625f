/** Which offers are being installed from this page, and by which task. */
import type { IOffer, IProblem, ITask } from '../api';
import type { IKernelkitModel } from '../tokens';

export class Installs {
  constructor(private readonly _model: IKernelkitModel) {}

  /** The install of an offer that goes on. */
  taskOf(identity: string): ITask | undefined {
    const id = this._tasks.get(identity);
    return this._model.tasks.find(
      task => task.id === id && task.state === 'running'
    );
  }

  /**
   * Rejects with an ApiError where the server refuses at once. With `slurm`,
   * the kernel asks for jobs as its recipe says, or for those of the cluster.
   */
  async begin(offer: IOffer, replace: boolean, slurm = false): Promise<void> {
    const options = slurm ? { on_slurm: true } : {};
    const draft = { source: offer.install, options, replace };
    const begin = async () => {
      const task = await this._model.api.install(draft);
      this._tasks.set(offer.identity, task.id);
      return task;
    };
    await this._model.begin(begin);
  }

  /**
   * What keeps a job as the recipe of an offer asks for it from ever running
   * on this cluster: a partition to be chosen, an account to be named.
   */
  async misfit(offer: IOffer): Promise<IProblem | undefined> {
    const draft = { source: offer.install, options: { on_slurm: true } };
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

  private readonly _tasks = new Map<string, string>();
}
