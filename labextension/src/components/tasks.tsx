/** Long work that shows what it does: its steps, its end, and what to do then. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';

import type { IStep, ITask } from '../api';
import { taskState } from '../format';
import { failedIcon, readyIcon, waitingIcon, workingIcon } from '../icons';
import type { IKernelkitModel } from '../tokens';
import { useSignal } from './hooks';
import { Detail } from './states';
import { StateChip, type ChipTone } from './statechip';

const LOOKS = {
  running: { icon: workingIcon, tone: 'busy' },
  done: { icon: readyIcon, tone: 'good' },
  failed: { icon: failedIcon, tone: 'bad' },
  cancelled: { icon: waitingIcon, tone: 'plain' }
} as const satisfies Record<string, { icon: unknown; tone: ChipTone }>;

export interface ITaskStepsProps {
  task: ITask;
  trans: TranslationBundle;
}

/** The steps with what each found, and the error that ended them. */
export function TaskSteps(props: ITaskStepsProps): JSX.Element {
  const { task, trans } = props;
  return (
    <div className="kk-TaskSteps">
      <ol aria-label={trans.__('Steps')}>
        {task.steps.map((step, index) => (
          <Step key={index} step={step} trans={trans} />
        ))}
      </ol>
      {task.error && (
        <div className="kk-TaskSteps-error">
          <p className="kk-ErrorState-title">{task.error.message}</p>
          <Detail text={task.error.detail} trans={trans} />
          {task.error.hint && <p>{task.error.hint}</p>}
        </div>
      )}
      {task.result?.notices.map(notice => (
        <p key={notice}>{notice}</p>
      ))}
    </div>
  );
}

function Step(props: { step: IStep; trans: TranslationBundle }): JSX.Element {
  const { step, trans } = props;
  const { icon: Icon, tone } = LOOKS[step.state];
  return (
    <li className={`kk-mod-${tone}`}>
      <Icon.react tag="span" className="kk-TaskSteps-icon" aria-hidden="true" />
      <span className="kk-sr-only">{taskState(step.state, trans)}: </span>
      <span>{step.detail || step.name}</span>
    </li>
  );
}

export interface ITaskCardProps extends ITaskStepsProps {
  onCancel: () => void;
  /** Absent where this page does not know how the task began. */
  onRetry?: () => void;
  onDismiss: () => void;
}

export function TaskCard(props: ITaskCardProps): JSX.Element {
  const { task, trans, onCancel, onRetry, onDismiss } = props;
  const [open, setOpen] = useState<boolean | null>(null);
  const running = task.state === 'running';
  const { icon, tone } = LOOKS[task.state];
  const current = task.steps[task.steps.length - 1];
  const shown = open ?? task.state === 'failed';
  return (
    <li className="kk-TaskCard">
      <div className="kk-TaskCard-head">
        <StateChip
          icon={icon}
          tone={tone}
          text={taskState(task.state, trans)}
        />
        <span className="kk-TaskCard-title">{task.title}</span>
        {!running && (
          <button
            type="button"
            className="kk-IconButton"
            aria-label={trans.__('Dismiss: %1', task.title)}
            title={trans.__('Dismiss')}
            onClick={onDismiss}
          >
            <closeIcon.react tag="span" aria-hidden="true" />
          </button>
        )}
      </div>
      {running && current && !shown && (
        <p className="kk-TaskCard-now">{current.detail || current.name}</p>
      )}
      {shown && <TaskSteps task={task} trans={trans} />}
      <div className="kk-Actions">
        <button
          type="button"
          className="kk-LinkButton"
          aria-expanded={shown}
          onClick={() => setOpen(!shown)}
        >
          {shown ? trans.__('Hide steps') : trans.__('Show steps')}
        </button>
        {running && (
          <button
            type="button"
            className="kk-LinkButton"
            aria-label={trans.__('Cancel: %1', task.title)}
            onClick={onCancel}
          >
            {trans.__('Cancel')}
          </button>
        )}
        {onRetry && (task.state === 'failed' || task.state === 'cancelled') && (
          <button
            type="button"
            className="kk-LinkButton"
            aria-label={trans.__('Try again: %1', task.title)}
            onClick={onRetry}
          >
            {trans.__('Try again')}
          </button>
        )}
      </div>
    </li>
  );
}

export interface ITaskListProps {
  model: IKernelkitModel;
  trans: TranslationBundle;
  /** Told of a cancel or a retry that the server refused. */
  onError: (error: unknown) => void;
}

/** What runs, and what ended other than well and was not dismissed yet. */
export function TaskList(props: ITaskListProps): JSX.Element {
  const { model, trans, onError } = props;
  useSignal(model.tasksChanged);
  const shown = model.tasks.filter(task => task.state !== 'done');
  return (
    <section className="kk-TaskList" aria-label={trans.__('Work in progress')}>
      <p className="kk-sr-only" role="status">
        {spoken(model.tasks, trans)}
      </p>
      {shown.length > 0 && (
        <ul>
          {shown.map(task => (
            <TaskCard
              key={task.id}
              task={task}
              trans={trans}
              onCancel={() => void model.api.cancelTask(task.id).catch(onError)}
              onRetry={
                model.canRetry(task.id)
                  ? () => void model.retry(task.id).catch(onError)
                  : undefined
              }
              onDismiss={() => model.dismiss(task.id)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

/** The newest task in a sentence, for those who hear the page. */
function spoken(tasks: readonly ITask[], trans: TranslationBundle): string {
  const task = tasks[0];
  if (!task) {
    return '';
  }
  const state = taskState(task.state, trans);
  const step = task.steps[task.steps.length - 1];
  const words = task.error?.message ?? step?.detail ?? '';
  return `${task.title}: ${state}. ${words}`;
}
