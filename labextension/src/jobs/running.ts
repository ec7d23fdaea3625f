/** The section of the Running panel: jobs, beside Lab's kernels and terminals. */
import type { IRunningSessions } from '@jupyterlab/running';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import type { IRun } from '../api';
import { jobsIcon } from '../icons';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import {
  placeWords,
  reasonWords,
  serverNow,
  stateWords,
  titleOf
} from './runs';

export interface IRunningJobsOptions {
  model: IKernelkitModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

export function runningJobs(
  options: IRunningJobsOptions
): IRunningSessions.IManager {
  const { model, trans } = options;
  const changed = new Signal<object, void>(model);
  model.jobs.changed.connect(() => changed.emit());
  return {
    name: trans.__('Slurm jobs'),
    supportsMultipleViews: false,
    running: () => open(model).map(run => new RunningJob(run, options)),
    shutdownAll: () => void cancelAll(model),
    refreshRunning: () => void model.jobs.refresh(),
    runningChanged: changed,
    // Which of the two it is, its dialog tells: a job may have other kernels.
    shutdownLabel: trans.__('End kernel or job…'),
    shutdownAllLabel: trans.__('End all'),
    shutdownAllConfirmationText: trans.__(
      'End all your kernels in Slurm jobs? Their variables are lost. Their jobs end, too, but for those that were asked to wait for another kernel.'
    )
  };
}

class RunningJob implements IRunningSessions.IRunningItem {
  constructor(
    private readonly _run: IRun,
    private readonly _options: IRunningJobsOptions
  ) {}

  open(): void {
    const id = this._run.attachable ? CommandIDs.attachRun : CommandIDs.openRun;
    this._execute(id);
  }

  shutdown(): void {
    this._execute(CommandIDs.cancelRun);
  }

  icon(): LabIcon {
    return jobsIcon;
  }

  label(): string {
    return titleOf(this._run);
  }

  labelTitle(): string {
    const { model, trans } = this._options;
    return reasonWords(this._run, serverNow(model.jobs), trans);
  }

  detail(): string {
    const { model, trans } = this._options;
    const state = stateWords(this._run, serverNow(model.jobs), trans);
    return [state, placeWords(this._run, trans)].filter(Boolean).join(' · ');
  }

  private _execute(id: string): void {
    void this._options.commands.execute(id, { run: this._run.run });
  }
}

function open(model: IKernelkitModel): IRun[] {
  return (model.jobs.data?.runs ?? []).filter(run => run.state !== 'ended');
}

async function cancelAll(model: IKernelkitModel): Promise<void> {
  await Promise.allSettled(
    open(model).map(run => model.api.cancelRun(run.run))
  );
  await model.jobs.refresh();
}
