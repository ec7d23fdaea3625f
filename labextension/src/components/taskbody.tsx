import React from 'react';

import type { ITask } from '../api';
import type { IKernelkitModel } from '../tokens';
import { useSignal } from './hooks';
import { TaskSteps, type ITaskStepsProps } from './tasks';

export interface ITaskBodyProps extends ITaskStepsProps {
  model: IKernelkitModel;
}

/** The steps of a task as they come. */
export function TaskBody(props: ITaskBodyProps): JSX.Element {
  const { model, task, trans } = props;
  useSignal(model.tasksChanged);
  const now: ITask = model.tasks.find(other => other.id === task.id) ?? task;
  return (
    <div role="status">
      <TaskSteps task={now} trans={trans} />
    </div>
  );
}
