/** Long work of the server: its events are kept, and it is asked where they are silent. */
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import {
  ApiError,
  type IErrorInfo,
  type IKernelkitApi,
  type ITask
} from './api';
import { UnderWay } from './underway';

/** How often the steps of a running task are read where no event came, ms. */
const INTERVAL = 2000;

/** Finished tasks that are kept for their steps. */
const KEPT = 50;

/** What became of a task of a server that is gone; that task has failed. */
export const TASK_LOST = 'task_lost';

const LOST: IErrorInfo = {
  code: TASK_LOST,
  message:
    'The server does not know this task any more; how it ended is not known.',
  hint: 'Look at what it has changed before you begin it again.'
};

type ITasksApi = Pick<IKernelkitApi, 'task' | 'tasks'>;

export class Tasks implements IDisposable {
  constructor(private readonly _api: ITasksApi) {
    this._poll = new Poll({
      auto: false,
      factory: () => this._readSilent(),
      frequency: { interval: INTERVAL, backoff: true, max: 30_000 },
      standby: 'when-hidden',
      name: 'kernelkit:tasks'
    });
  }

  /** The newest first. */
  get all(): readonly ITask[] {
    return [...this._tasks.values()].reverse();
  }

  /** Told with the task, and with null where one is forgotten. */
  get changed(): ISignal<this, ITask | null> {
    return this._changed;
  }

  /** Told of a task that was seen to run and is done. */
  get done(): ISignal<this, ITask> {
    return this._done;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  async begin(start: () => Promise<ITask>): Promise<ITask> {
    const task = await start();
    this._starts.set(task.id, start);
    // An event may have come before the answer to the request did. It is told
    // again, as nobody knew then that the task is one of this page.
    const known = this._tasks.get(task.id);
    this.keep(known && known.serial > task.serial ? known : task);
    return task;
  }

  canRetry(id: string): boolean {
    return this._starts.has(id);
  }

  retry(id: string): Promise<ITask> {
    return this._retries.once(id, () => this._retry(id));
  }

  dismiss(id: string): void {
    this._dismissed.add(id);
    this._forget(id);
    this._changed.emit(null);
  }

  finished(id: string): Promise<ITask> {
    const known = this._tasks.get(id);
    if (known && known.state !== 'running') {
      return Promise.resolve(known);
    }
    return new Promise(resolve => {
      const look = (_: unknown, task: ITask | null) => {
        if (task?.id === id && task.state !== 'running') {
          this._changed.disconnect(look);
          resolve(task);
        }
      };
      this._changed.connect(look);
    });
  }

  /** Take what an event or an answer tells. */
  keep(task: ITask): void {
    const before = this._tasks.get(task.id);
    if (
      this._dismissed.has(task.id) ||
      (before && before.serial > task.serial)
    ) {
      return;
    }
    this._tasks.set(task.id, task);
    this._heard.set(task.id, Date.now());
    this._forgetOld();
    const running = this._running.length > 0;
    void (running ? this._poll.start() : this._poll.stop());
    this._changed.emit(task);
    if (before?.state === 'running' && task.state === 'done') {
      this._done.emit(task);
    }
  }

  /** Read what the server tells of. Never rejects. */
  async read(): Promise<void> {
    const known = this._running;
    try {
      const tasks = await this._api.tasks();
      // The oldest first, as they began.
      tasks.reverse().forEach(task => this.keep(task));
      await this._ask(
        known.filter(({ id }) => !tasks.some(task => task.id === id))
      );
    } catch {
      // What fails here fails for the kernels too, and is told there.
    }
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async _retry(id: string): Promise<ITask> {
    const start = this._starts.get(id);
    if (!start) {
      throw new Error(`Nothing is known of how the task ${id} began.`);
    }
    const task = await this.begin(start);
    this.dismiss(id);
    return task;
  }

  private _readSilent(): Promise<void> {
    const since = Date.now() - INTERVAL;
    return this._ask(
      this._running.filter(({ id }) => (this._heard.get(id) ?? 0) < since)
    );
  }

  /** Each is asked for, whatever became of the others; rejects in the end. */
  private async _ask(tasks: ITask[]): Promise<void> {
    const failures: unknown[] = [];
    for (const { id } of tasks) {
      try {
        this.keep(await this._api.task(id));
      } catch (error) {
        if (isUnknown(error)) {
          this._lose(id);
        } else {
          failures.push(error);
        }
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }

  private _lose(id: string): void {
    const task = this._tasks.get(id);
    // Its end may have been told meanwhile.
    if (task?.state === 'running') {
      const steps = task.steps.map(step =>
        step.state === 'running' ? { ...step, state: 'failed' as const } : step
      );
      this.keep({ ...task, steps, state: 'failed', error: LOST });
    }
  }

  private get _running(): ITask[] {
    return [...this._tasks.values()].filter(task => task.state === 'running');
  }

  private _forgetOld(): void {
    for (const [id, task] of this._tasks) {
      if (this._tasks.size <= KEPT) {
        return;
      }
      if (task.state !== 'running') {
        this._forget(id);
      }
    }
  }

  private _forget(id: string): void {
    this._tasks.delete(id);
    this._heard.delete(id);
    this._starts.delete(id);
  }

  private readonly _poll: Poll<void>;
  private readonly _tasks = new Map<string, ITask>();
  private readonly _starts = new Map<string, () => Promise<ITask>>();
  private readonly _retries = new UnderWay<ITask>();
  private readonly _dismissed = new Set<string>();
  private readonly _heard = new Map<string, number>();
  private readonly _changed = new Signal<this, ITask | null>(this);
  private readonly _done = new Signal<this, ITask>(this);
}

/** By our server's own word: a proxy answers 404, too, while there is none. */
function isUnknown(error: unknown): boolean {
  const { status, info } = ApiError.of(error);
  return status === 404 && info.code === 'not_found';
}
