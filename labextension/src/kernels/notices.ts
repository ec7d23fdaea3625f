/** Tells how a task ended, wherever the user is then. */
import { Notification } from '@jupyterlab/apputils';

import type { ITask } from '../api';
import { TOAST_ROOM, cut, shortName } from '../toasts';
import { CommandIDs } from '../tokens';
import type { IContext } from './actions';

const AUTO_CLOSE = 10_000;

export function announceTasks(context: IContext): void {
  const { app, model, trans } = context;
  const told = new Set<string>();
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
    // What ended before this page was opened, and another page's tasks, which
    // are told there, were not begun here.
    const ended = task && task.state !== 'running';
    if (ended && model.canRetry(task.id) && !told.has(task.id)) {
      told.add(task.id);
      tell(task);
    }
  });
}
