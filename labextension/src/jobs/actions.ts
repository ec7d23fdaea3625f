/** What the commands of a run do; fetched when the first one is given. */
import {
  Dialog,
  InputDialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import { KernelAPI } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, type IRun } from '../api';
import { addToMain, openOnKernel, sessionContextOf, widgetOn } from '../launch';
import type { IJobsContext } from './commands';
import { askJoining, type IJoined } from './joindialog';
import { logId, logWidget } from './log';
import { slurmKernels } from './otherresources';

/** Have `act` done; a refusal is told as a notification with its hint. */
export async function told(
  context: IJobsContext,
  title: string,
  act: () => Promise<unknown>
): Promise<void> {
  try {
    await act();
  } catch (error) {
    const words =
      error instanceof ApiError
        ? [error.message, error.hint].filter(Boolean).join(' ')
        : String(error);
    Notification.error(`${title.replace('…', '')}: ${words}`, {
      autoClose: false
    });
  }
  await context.model.jobs.refresh();
}

export async function cancel(context: IJobsContext, run: IRun): Promise<void> {
  const { app, model, trans } = context;
  const queued = run.state === 'queued' || run.state === 'new';
  const sure = await confirmed(
    trans.__('Cancel job %1?', run.job ?? ''),
    queued
      ? trans.__('%1 leaves the queue.', run.display_name)
      : trans.__('%1 ends, and its variables are lost.', run.display_name),
    trans.__('Cancel Job'),
    trans
  );
  if (!sure) {
    return;
  }
  const session = run.kernel_id
    ? sessionContextOf(widgetOn(app.shell, run.kernel_id))
    : null;
  if (run.mine && session?.session?.kernel?.id === run.kernel_id) {
    // The notebook then shows that it has no kernel, instead of a dead one.
    await session.shutdown();
  } else {
    await model.api.cancelRun(run.run);
  }
}

export async function cancelJob(
  { model, trans }: IJobsContext,
  job: string
): Promise<void> {
  const sure = await confirmed(
    trans.__('Cancel job %1?', job),
    trans.__('No kernel is known that runs in it.'),
    trans.__('Cancel Job'),
    trans
  );
  if (sure) {
    await model.api.cancelRun(job);
  }
}

export async function restart(context: IJobsContext, run: IRun): Promise<void> {
  const { app, trans } = context;
  const sure = await confirmed(
    trans.__('Restart %1?', run.display_name),
    trans.__('Its variables are lost; the job and its node are kept.'),
    trans.__('Restart'),
    trans
  );
  if (!sure || !run.kernel_id) {
    return;
  }
  const shown = sessionContextOf(widgetOn(app.shell, run.kernel_id));
  if (shown?.session?.kernel) {
    await shown.session.kernel.restart();
  } else {
    await KernelAPI.restartKernel(
      run.kernel_id,
      app.serviceManager.serverSettings
    );
  }
}

export async function moreTime(
  context: IJobsContext,
  run: IRun
): Promise<void> {
  const { app, model, trans } = context;
  const given = await InputDialog.getText({
    title: trans.__('Restart %1 with more time', run.display_name),
    label: trans.__(
      'A new job replaces this one, so variables are lost. Time limit (H:MM:SS or D-HH:MM:SS; empty: twice the present one):'
    ),
    okLabel: trans.__('Restart')
  });
  if (!given.button.accept) {
    return;
  }
  const widget = run.kernel_id ? widgetOn(app.shell, run.kernel_id) : null;
  const time = given.value?.trim() || undefined;
  const kernelId = await model.api.moreTime(run.run, time);
  const session = sessionContextOf(widget);
  if (session && session.session?.kernel?.id !== kernelId) {
    await session.changeKernel({ id: kernelId });
  } else if (!session) {
    await openOnKernel(app, { kernelId, kernelName: run.kernel });
  }
}

export async function attach(context: IJobsContext, run: IRun): Promise<void> {
  const { app, model } = context;
  const found = await model.api.attachRun(run.run);
  await app.serviceManager.kernels.refreshRunning();
  await openOnKernel(app, {
    kernelId: found.kernel_id,
    kernelName: found.kernel_name,
    path: found.path
  });
}

export async function openInJob(
  context: IJobsContext,
  run: IRun
): Promise<void> {
  await join(context, { ...run, job: run.job ?? '' }, run.run);
}

export async function openInIdleJob(
  context: IJobsContext,
  id: string
): Promise<void> {
  const idle = context.model.jobs.data?.jobs_idle ?? [];
  const gres = idle.find(job => job.id === id)?.gres ?? '';
  await join(context, { job: id, gres }, id);
}

/** Open a notebook in a job that is there, by its id or that of a run in it. */
async function join(
  context: IJobsContext,
  into: IJoined,
  id: string
): Promise<void> {
  const { app, model, trans } = context;
  await askJoining({
    into,
    kernels: await slurmKernels(context),
    trans,
    join: async ({ kernel, gpus }) => {
      const request = {
        in_job: id,
        type: 'notebook',
        ...(gpus ? { gpus } : {})
      } as const;
      const kernelId = await model.api.launch(kernel, request);
      await openOnKernel(app, { kernelId, kernelName: kernel });
    }
  });
}

export async function open({ app }: IJobsContext, run: IRun): Promise<void> {
  if (!run.kernel_id) {
    return;
  }
  const widget = widgetOn(app.shell, run.kernel_id);
  if (widget) {
    app.shell.activateById(widget.id);
    return;
  }
  const request = { kernelId: run.kernel_id, kernelName: run.kernel };
  for (const session of app.serviceManager.sessions.running()) {
    if (session.kernel?.id === run.kernel_id) {
      await openOnKernel(app, { ...request, path: session.path });
      return;
    }
  }
  await openOnKernel(app, request);
}

async function confirmed(
  title: string,
  body: string,
  label: string,
  trans: TranslationBundle
): Promise<boolean> {
  const answer = await showDialog({
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep') }),
      Dialog.warnButton({ label })
    ]
  });
  return answer.button.accept;
}

export async function log(context: IJobsContext, run: IRun): Promise<void> {
  const { app, model, trans } = context;
  const { shell } = app;
  const shown = [...shell.widgets('main'), ...shell.widgets('right')];
  if (!shown.some(({ id }) => id === logId(run))) {
    addToMain(shell, logWidget(run, model.api, trans));
  }
  shell.activateById(logId(run));
}

/** The log of a kernel's last run, wherever it was started. */
export async function kernelLog(
  context: IJobsContext,
  kernel: string
): Promise<void> {
  const { runs } = await context.model.api.jobs();
  const last = runs
    .filter(run => run.kernel === kernel)
    .sort((a, b) => b.created - a.created)[0];
  if (last) {
    await log(context, last);
  } else {
    const { trans } = context;
    Notification.info(trans.__('%1 has not run in a job yet.', kernel), {
      autoClose: 5000
    });
  }
}
