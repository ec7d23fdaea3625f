/** A save as a task: what it needs, how it ends, and what to do when it fails. */
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { ApiError, IErrorInfo, IOptions, ITask } from '../api';
import type { IKernelkitModel } from '../tokens';
import { asApiError } from './errors';
import { formOf, recipeOf, type IForm } from './form';
import type { EditorModel } from './model';

/** Somebody else changed the kernel, or has one of that name. */
export type Conflict = 'changed' | 'taken';

/** The step of an install that failed -> the part of the form it is about. */
const STEP_FIELDS: Partial<Record<string, string[]>> = {
  modules: ['modules'],
  container: ['container'],
  environment: ['environment'],
  packages: ['packages']
};

export class Saving implements IDisposable {
  constructor(
    readonly editor: EditorModel,
    private readonly _model: IKernelkitModel
  ) {
    _model.tasksChanged.connect(this._onTask, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Told with the kernel's name when a save is done. */
  get saved(): ISignal<this, string> {
    return this._saved;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The save that runs, or the last one. */
  get task(): ITask | null {
    return this._task;
  }

  /** From the click to the end of the task. */
  get running(): boolean {
    return this._asking || this._task?.state === 'running';
  }

  get conflict(): Conflict | null {
    return this._conflict;
  }

  /** Why the save did not begin. */
  get refusal(): ApiError | null {
    return this._refusal;
  }

  async save(options: Saving.IOptions = {}): Promise<void> {
    const { editor } = this;
    if (this.running || !editor.attempt()) {
      return;
    }
    this._asking = true;
    this._form = editor.form;
    this._task = null;
    this._conflict = null;
    this._refusal = null;
    editor.refuse(null);
    this._changed.emit();
    try {
      const fingerprint = options.overwrite
        ? await this._newest()
        : editor.origin.fingerprint;
      const task = await this._model.begin(
        this._start(fingerprint, options.replace)
      );
      // An event may have told of its end before the answer came.
      this._task = this._model.tasks.find(({ id }) => id === task.id) ?? task;
      if (this._task.state !== 'running') {
        await this._end(this._task);
      }
    } catch (error) {
      this._refuse(asApiError(error));
    } finally {
      this._asking = false;
      this._changed.emit();
    }
  }

  async cancel(): Promise<void> {
    if (this._task) {
      await this._model.api.cancelTask(this._task.id);
    }
  }

  /** Throw away what was typed and take what is saved now. */
  async reload(): Promise<void> {
    const { kernel } = this.editor.origin;
    if (kernel) {
      await this._rebase(kernel, null);
      this._conflict = null;
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _start(
    fingerprint: string | undefined,
    replace = false
  ): () => Promise<ITask> {
    const { api } = this._model;
    const { form, origin, draft } = this.editor;
    const { kernel } = origin;
    if (kernel) {
      const options = form.options as unknown as IOptions;
      const recipe = recipeOf(form, origin);
      return () => api.edit(kernel, recipe, options, fingerprint ?? '');
    }
    return () => api.install({ ...draft, replace });
  }

  private async _newest(): Promise<string | undefined> {
    const { kernel } = this.editor.origin;
    return kernel
      ? (await this._model.api.kernel(kernel)).fingerprint
      : undefined;
  }

  private _refuse(error: ApiError): void {
    if (error.status === 409) {
      this._conflict = this.editor.origin.kernel ? 'changed' : 'taken';
    }
    this._refusal = error;
    this._tell(error.info);
  }

  private _tell(error: IErrorInfo): void {
    const { message, detail, hint } = error;
    const path = fieldIn(error);
    // What was changed since may well be what was wrong.
    if (path && this.editor.form === this._form) {
      this.editor.refuse({ path, message, detail, hint, severity: 'error' });
    }
  }

  private _onTask(_: unknown, task: ITask | null): void {
    if (!task || task.id !== this._task?.id) {
      return;
    }
    const ran = this._task.state === 'running';
    this._task = task;
    this._changed.emit();
    if (ran && task.state !== 'running') {
      void this._end(task);
    }
  }

  private async _end(task: ITask): Promise<void> {
    if (task.state === 'done' && task.result) {
      const { name } = task.result;
      try {
        await this._rebase(name, this._form);
      } catch (error) {
        this._refusal = asApiError(error);
      }
      this._saved.emit(name);
    } else if (task.error) {
      // The server tells the same of an edit that somebody else was first.
      if (task.error.code === 'changed') {
        this._conflict = 'changed';
      }
      this._tell(task.error);
    }
    this._changed.emit();
  }

  /** What was typed since `sent` stays, as a change that is not saved. */
  private async _rebase(kernel: string, sent: IForm | null): Promise<void> {
    const detail = await this._model.api.kernel(kernel);
    const form = formOf(detail.recipe ?? {}, detail.options ?? {});
    const { fingerprint } = detail;
    const keep = sent !== null && this.editor.form !== sent;
    this.editor.rebase({ form, kernel, fingerprint }, keep);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _saved = new Signal<this, string>(this);
  private _task: ITask | null = null;
  private _form: IForm | null = null;
  private _conflict: Conflict | null = null;
  private _refusal: ApiError | null = null;
  private _asking = false;
  private _isDisposed = false;
}

function fieldIn(error: IErrorInfo): string[] | undefined {
  const { code, field, step } = error;
  if (code === 'submit_rejected') {
    // Slurm's refusals name a key of the request.
    return ['resources', ...(field ? [field] : [])];
  }
  return field?.split('.') ?? STEP_FIELDS[step ?? ''];
}

export namespace Saving {
  export interface IOptions {
    /** Save over what somebody else saved meanwhile. */
    overwrite?: boolean;
    /** Take the place of a kernel of that name. */
    replace?: boolean;
  }
}
