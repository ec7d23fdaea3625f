/** What the plugins of this extension give each other. */
import type { LabIcon } from '@jupyterlab/ui-components';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { IKernelkitApi, IJobs, IKernel, IStatus, ITask } from './api';
import type { IResource } from './resource';

/** What is known of the server: one for all panels, kept current by events. */
export interface IKernelkitModel {
  readonly api: IKernelkitApi;
  readonly status: IResource<IStatus>;
  readonly kernels: IResource<IKernel[]>;
  readonly jobs: IResource<IJobs>;
  /** Tasks of this session and what the server still runs, newest first. */
  readonly tasks: readonly ITask[];
  readonly tasksChanged: ISignal<IKernelkitModel, ITask | null>;
  /** Installed, changed, removed or renamed: what shows kernels reads anew. */
  readonly kernelsChanged: ISignal<IKernelkitModel, void>;

  /**
   * Keep the model current until what is returned is disposed.
   *
   * Nothing is asked of the server while nobody watches.
   */
  watch(): IDisposable;

  /**
   * Begin long work and follow it. What begins it is kept for `retry`.
   *
   * Rejects with an ApiError where the server refuses it at once.
   */
  begin(start: () => Promise<ITask>): Promise<ITask>;

  /** Whether this page began the task, and so can begin it again. */
  canRetry(id: string): boolean;

  /** Begin a failed or cancelled task once more, in its place. */
  retry(id: string): Promise<ITask>;

  /** Forget a finished task. */
  dismiss(id: string): void;

  /** Resolves with the task when it is done, failed or cancelled. */
  finished(id: string): Promise<ITask>;

  /** Read everything anew, Lab's own list of kernels included. */
  refresh(): Promise<void>;
}

export const IKernelkitModel = new Token<IKernelkitModel>(
  'kernelkit:IKernelkitModel',
  'The kernels, tasks and Slurm jobs of this server.'
);

/** A panel of the sidebar, made when it is first shown. */
export interface IPanelSpec {
  id: string;
  label: string;
  icon: LabIcon;
  /** From left to right. */
  rank: number;
  load(): Promise<Widget>;
}

export interface IKernelkitPanels {
  add(panel: IPanelSpec): IDisposable;
  /** Open the sidebar at a panel. */
  open(id: string): Promise<Widget>;
}

export const IKernelkitPanels = new Token<IKernelkitPanels>(
  'kernelkit:IKernelkitPanels',
  'The panels of the kernelkit sidebar.'
);

/**
 * The commands of all plugins. `kernel` in their arguments is the name of a
 * kernelspec, `run` the id of a run.
 */
export namespace CommandIDs {
  export const showKernels = 'kernelkit:show-kernels';
  export const showCatalog = 'kernelkit:show-catalog';
  export const showJobs = 'kernelkit:show-jobs';
  export const refresh = 'kernelkit:refresh';

  /** {kernel} */
  export const launchNotebook = 'kernelkit:launch-notebook';
  export const launchConsole = 'kernelkit:launch-console';
  export const renameKernel = 'kernelkit:rename-kernel';
  export const cloneKernel = 'kernelkit:clone-kernel';
  export const testKernel = 'kernelkit:test-kernel';
  export const kernelPackages = 'kernelkit:kernel-packages';
  export const exportKernel = 'kernelkit:export-kernel';
  export const removeKernel = 'kernelkit:remove-kernel';
  export const adoptKernel = 'kernelkit:adopt-kernel';
  export const upgradeKernel = 'kernelkit:upgrade-kernel';
  export const rollbackKernel = 'kernelkit:rollback-kernel';
  /** {offer: IOffer} */
  export const installOffer = 'kernelkit:install-offer';
  /** {offer: IOffer}: a kernel that runs in jobs */
  export const installOfferForSlurm = 'kernelkit:install-offer-for-slurm';
  /** {task} */
  export const showTask = 'kernelkit:show-task';

  /** The editor's. {}: an empty form */
  export const createKernel = 'kernelkit:create-kernel';
  /** {kernel} */
  export const editKernel = 'kernelkit:edit-kernel';
  /** {offer: IOffer, slurm?: true}: a form filled from the catalog */
  export const createFromOffer = 'kernelkit:create-from-offer';
  /** {kernel, type?: 'notebook' | 'console'}: asks for resources, launches */
  export const launchWithResources = 'kernelkit:launch-with-resources';

  /** Asks which kernel first */
  export const launchChosen = 'kernelkit:launch-chosen';
  /** A new job for the session in front */
  export const changeResources = 'kernelkit:change-resources';

  /** The jobs plugin's. {kernel}: the log of its last run */
  export const kernelLogs = 'kernelkit:kernel-logs';
  /** {run}; where it is left out, the run of what is open in front */
  export const openRun = 'kernelkit:open-run';
  export const attachRun = 'kernelkit:attach-run';
  export const openInJob = 'kernelkit:open-in-job';
  export const restartRun = 'kernelkit:restart-run';
  export const moreTime = 'kernelkit:restart-with-more-time';
  export const cancelRun = 'kernelkit:cancel-run';
  export const runLog = 'kernelkit:run-log';
  /** {job}: one that waits for its next kernel */
  export const openInIdleJob = 'kernelkit:open-in-idle-job';
  /** {job}: one that no run tells of */
  export const cancelJob = 'kernelkit:cancel-job';
}
