/** What the server has: kept by its events, and by REST where they fail. */
import type { Event } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal, type IStream } from '@lumino/signaling';

import {
  Events,
  type IJobs,
  type IKernel,
  type IKernelkitApi,
  type IRun,
  type IStatus,
  type ITask
} from './api';
import { Renewal } from './renewal';
import { Resource } from './resource';
import { Tasks } from './tasks';
import type { IKernelkitModel } from './tokens';
import { WhenShown } from './whenshown';

export class KernelkitModel implements IKernelkitModel, IDisposable {
  constructor(options: KernelkitModel.IOptions) {
    this.api = options.api;
    this._specs = new Renewal(() =>
      options
        .refreshSpecs()
        .catch(error =>
          console.warn(
            'kernelkit: the kernels of JupyterLab were not read',
            error
          )
        )
    );
    this.status = new Resource(() => this.api.status());
    this.kernels = new Resource(async () => (await this.api.kernels()).kernels);
    this.jobs = new Resource(() => this.api.jobs());
    this._poll = new Poll({
      auto: false,
      factory: () => this._resync(),
      frequency: { interval: 30_000, backoff: true, max: 300_000 },
      standby: 'when-hidden',
      name: 'kernelkit:model'
    });
    this._tasks = new Tasks(this.api);
    this._tasks.changed.connect((_, task) => this._tasksChanged.emit(task));
    this._tasks.done.connect(() => void this._readKernels());
    options.events?.connect(this._onEvent, this);
  }

  readonly api: IKernelkitApi;
  readonly status: Resource<IStatus>;
  readonly kernels: Resource<IKernel[]>;
  readonly jobs: Resource<IJobs>;

  get tasks(): readonly ITask[] {
    return this._tasks.all;
  }

  get tasksChanged(): ISignal<this, ITask | null> {
    return this._tasksChanged;
  }

  get kernelsChanged(): ISignal<this, void> {
    return this._kernelsChanged;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Seconds between two reads by REST. */
  set interval(seconds: number) {
    this._poll.frequency = {
      ...this._poll.frequency,
      interval: seconds * 1000
    };
  }

  watch(): IDisposable {
    if (this._watchers++ === 0) {
      void this._poll.start();
    }
    return new DisposableDelegate(() => {
      if (--this._watchers === 0 && !this.isDisposed) {
        void this._poll.stop();
      }
    });
  }

  begin(start: () => Promise<ITask>): Promise<ITask> {
    return this._tasks.begin(start);
  }

  canRetry(id: string): boolean {
    return this._tasks.canRetry(id);
  }

  retry(id: string): Promise<ITask> {
    return this._tasks.retry(id);
  }

  dismiss(id: string): void {
    this._tasks.dismiss(id);
  }

  finished(id: string): Promise<ITask> {
    return this._tasks.finished(id);
  }

  async refresh(): Promise<void> {
    // What failed is told by the resources themselves.
    await this._readAll();
    await this._announceKernels();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._poll.dispose();
    this._tasks.dispose();
    this._shown.dispose();
    Signal.clearData(this);
  }

  private async _readAll(): Promise<void> {
    await Promise.all([
      this.status.data ? undefined : this.status.refresh(),
      this.kernels.refresh(),
      this.jobs.refresh(),
      this._tasks.read()
    ]);
  }

  private async _resync(): Promise<void> {
    const before = this.kernels.data;
    await this._readAll();
    // An equal answer is the same object: others differ from what was told.
    if (before && before !== this.kernels.data) {
      void this._announceKernels();
    }
    if (this.kernels.error) {
      // A rejected tick makes the poll wait longer each time.
      throw this.kernels.error;
    }
  }

  private _onEvent(_: unknown, emission: Event.Emission): void {
    const { schema_id } = emission;
    if (!HEARD.has(schema_id)) {
      return;
    }
    this._countSerial(schema_id, emission.serial as number);
    const payload = emission as unknown;
    if (schema_id === Events.RUN) {
      const { run } = payload as Events.IRunEvent;
      const isNew = this._putRun(run);
      // Of an ended one the job may wait for another kernel now.
      if ((!isNew || run.state === 'ended') && this._watchers > 0) {
        void this.jobs.refresh();
      }
    } else if (schema_id === Events.TASK) {
      this._tasks.keep(payload as Events.ITaskEvent);
    } else {
      void this._readKernels();
    }
  }

  /** Where an event was missed, or the server is another: read anew. */
  private _countSerial(schema: string, serial: number): void {
    const last = this._serials.get(schema);
    this._serials.set(schema, serial);
    if (last !== undefined && serial !== last + 1 && this._watchers > 0) {
      this._readMissed();
    }
  }

  private _readMissed(): void {
    this._shown.want();
    // A refresh while it refreshes already would be dropped.
    void this._poll.stop();
    void this._poll.start();
  }

  /** What the polls, Lab's too, let pass while the page was hidden. */
  private _onShown(): void {
    if (this._watchers > 0) {
      this._readMissed();
    }
    void this._specs.run();
  }

  /** False where something newer is known, of this server or another. */
  private _putRun(run: IRun): boolean {
    let isNew = true;
    this.jobs.update(jobs => {
      const known = jobs.runs.find(other => other.run === run.run);
      isNew = !known || known.serial <= run.serial;
      return isNew ? withRun(jobs, run, known) : jobs;
    });
    return isNew;
  }

  private async _readKernels(): Promise<void> {
    if (this._watchers > 0) {
      await this.kernels.refresh();
    }
    await this._announceKernels();
  }

  private async _announceKernels(): Promise<void> {
    // Lab itself looks once a minute only, and not while the page is hidden.
    this._shown.want();
    await this._specs.run();
    this._kernelsChanged.emit();
  }

  private readonly _specs: Renewal;
  private readonly _shown = new WhenShown(() => this._onShown());
  private readonly _poll: Poll<void>;
  private readonly _tasks: Tasks;
  private readonly _tasksChanged = new Signal<this, ITask | null>(this);
  private readonly _kernelsChanged = new Signal<this, void>(this);
  private readonly _serials = new Map<string, number>();
  private _watchers = 0;
}

export namespace KernelkitModel {
  export interface IOptions {
    api: IKernelkitApi;
    /** Makes Lab read its list of kernels. */
    refreshSpecs: () => Promise<void>;
    /** The server's events; without them REST alone keeps the model. */
    events?: IStream<unknown, Event.Emission>;
  }
}

function withRun(jobs: IJobs, run: IRun, known: IRun | undefined): IJobs {
  // What its GPUs do is read with the list; it tells its own age.
  const told = { ...run, gpu_use: run.gpu_use ?? known?.gpu_use ?? null };
  const runs = known
    ? jobs.runs.map(other => (other === known ? told : other))
    : [told, ...jobs.runs];
  return { ...jobs, runs };
}

const HEARD = new Set([Events.RUN, Events.KERNELS, Events.TASK]);
