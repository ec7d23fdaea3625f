/** Which offers are being installed from this page, and by which task. */
import type { IOffer, ITask } from '../api';
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

  /** Rejects with an ApiError where the server refuses at once. */
  async begin(offer: IOffer, replace: boolean): Promise<void> {
    const draft = { source: offer.install, options: {}, replace };
    const begin = async () => {
      const task = await this._model.api.install(draft);
      this._tasks.set(offer.identity, task.id);
      return task;
    };
    await this._model.begin(begin);
  }

  private readonly _tasks = new Map<string, string>();
}
