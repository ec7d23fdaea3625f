/** Tells how a task ended, wherever the user is then. */
import { Notification } from '@jupyterlab/apputils';

import type { ITask } from '../api';
import { TOAST_ROOM, cut, shortName } from '../toasts';
import { CommandIDs } from '../tokens';
import type { IContext } from './actions';

const AUTO_CLOSE = 10_000;

export function announceTasks(context: IContext): void {
  const { app, model, trans } = context;
  const running = new Set<string>();
  const steps = (task: ITask) => ({
    label: trans.__('Show steps'),
    callback: () => {
      void app.commands.execute(CommandIDs.showTask, { task: task.id });
    }
  });
  const tell = (task: ITask) => {
    const title = shortName(task.title);
    if (task.state === 'done') {
      const name = task.result?.name;
      const launch = {
        label: trans.__('New notebook'),
        callback: () => {
          void app.commands.execute(CommandIDs.launchNotebook, {
            kernel: name
          });
        }
      };
      const back = {
        label: trans.__('Rollback…'),
        callback: () => {
          void app.commands.execute(CommandIDs.rollbackKernel, {
            kernel: name
          });
        }
      };
      const offered = { install: [launch], upgrade: [launch, back] };
      Notification.success(trans.__('%1: done.', title), {
        autoClose: AUTO_CLOSE,
        actions: (name && offered[task.kind as keyof typeof offered]) || [
          steps(task)
        ]
      });
    } else if (task.state === 'failed') {
      // What to do then stands with the steps.
      const words = task.error?.message ?? '';
      const message = trans.__('%1: failed. %2', title, words);
      Notification.error(cut(message, TOAST_ROOM), {
        autoClose: false,
        actions: [steps(task)]
      });
    }
  };
  model.tasksChanged.connect((_, task) => {
    // Another page's tasks are told there.
    if (!task || !model.canRetry(task.id)) {
      return;
    }
    if (task.state === 'running') {
      running.add(task.id);
    } else if (running.delete(task.id)) {
      tell(task);
    }
  });
}
