/** What the commands of a run do; fetched when the first one is given. */
import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { KernelAPI } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, type IRun, type IStartedKernel } from '../api';
import { tell } from '../components/telling';
import {
  addToMain,
  launchNew,
  openOnKernel,
  sessionContextOf,
  sessionOn,
  widgetOn
} from '../launch';
import type { IJobsContext } from './commands';
import { confirmed } from './confirmed';
import { askJoining, type IJoined } from './joindialog';
import { logId, logWidget, type ILogged } from './log';
import { slurmKernels } from './otherresources';

export { cancel, cancelJob } from './ending';

/**
 * Have `act` done, which is false where its user thought better of it; a
 * refusal is told in a dialog, with what to do.
 */
export async function told(
  context: Pick<IJobsContext, 'model' | 'trans'>,
  title: string,
  act: () => Promise<unknown>
): Promise<void> {
  const { jobs } = context.model;
  try {
    if ((await act()) === false) {
      return;
    }
  } catch (error) {
    // Told first: for the list Slurm is asked, which may take its time.
    void jobs.refresh();
    await tell(context, title, error);
    return;
  }
  void jobs.refresh();
}

/** A run that the list leaves out, as it does what ended under another server. */
export async function unlisted(
  { model, trans }: IJobsContext,
  id: string,
  fits: (run: IRun) => boolean
): Promise<IRun> {
  const { runs } = await model.api.jobs(true);
  const found = runs.find(({ run }) => run === id);
  if (!found || !fits(found)) {
    const message = trans.__(
      'This kernel is not in the list of jobs any more.'
    );
    const over = !found || found.state === 'ended';
    const hint = over
      ? trans.__('It has ended, and its variables are lost.')
      : '';
    throw new ApiError({ code: 'not_found', message, hint }, 0);
  }
  return found;
}

export async function restart(
  context: IJobsContext,
  run: IRun
): Promise<void | false> {
  const { app, trans } = context;
  const sure = await confirmed(
    trans.__('Restart %1?', run.display_name),
    trans.__('Its variables are lost; the job and its node are kept.'),
    trans.__('Restart'),
    trans.__('Keep')
  );
  if (!sure || !run.kernel_id) {
    return false;
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
): Promise<void | false> {
  const { app, model, trans } = context;
  const given = await InputDialog.getText({
    title: trans.__('Restart %1 with more time', run.display_name),
    label: trans.__(
      'A new job replaces this one, so variables are lost. Time limit (H:MM:SS or D-HH:MM:SS; empty: twice the present one):'
    ),
    okLabel: trans.__('Restart')
  });
  if (!given.button.accept) {
    return false;
  }
  const widget = run.kernel_id ? widgetOn(app.shell, run.kernel_id) : null;
  const time = given.value?.trim() || undefined;
  const started = await model.api.moreTime(run.run, time);
  const session = sessionContextOf(widget);
  if (!session) {
    await openAgain(context, started);
  } else if (session.session?.kernel?.id !== started.kernel_id) {
    await session.changeKernel({ id: started.kernel_id });
  }
}

export async function attach(context: IJobsContext, run: IRun): Promise<void> {
  const found = await context.model.api.attachRun(run.run);
  await context.app.serviceManager.kernels.refreshRunning();
  await openAgain(context, found);
}

/** Open a kernel where it was used, or else in a new notebook beside it. */
async function openAgain(
  context: IJobsContext,
  started: IStartedKernel
): Promise<void> {
  const { app, cwd, trans } = context;
  const { kernel_id: kernelId, kernel_name: kernelName } = started;
  const { sessions } = app.serviceManager;
  await sessions.refreshRunning();
  const own = sessionOn(app, session => session.kernel?.id === kernelId);
  // A console's session has a path, too.
  const known = [own?.path, started.path];
  const path = known.find(one => one?.endsWith('.ipynb')) ?? '';
  const other = sessionOn(
    app,
    session => session.path === path && session.kernel?.id !== kernelId
  );
  const request = { kernelId, kernelName };
  if (!path || (other?.kernel && !(await replaces(path, trans)))) {
    const folder = path ? PathExt.dirname(path) : cwd();
    await openOnKernel(app, { ...request, cwd: folder });
  } else {
    await openOnKernel(app, { ...request, path });
  }
}

/** Whether the kernel that a notebook has now is given up for its former one. */
async function replaces(
  path: string,
  trans: TranslationBundle
): Promise<boolean> {
  return confirmed(
    trans.__('%1 has another kernel now', PathExt.basename(path)),
    trans.__(
      'Give it the kernel that it had before? The one that it has now ends, and its variables are lost.'
    ),
    trans.__('Give It Back'),
    trans.__('New Notebook')
  );
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

/** Open a kernel in a job that is there, by its id or that of a run in it. */
async function join(
  context: IJobsContext,
  into: IJoined,
  id: string
): Promise<void> {
  const { app, cwd, model, trans } = context;
  await askJoining({
    into,
    kernels: await slurmKernels(context),
    trans,
    join: ({ kernel, gpus, type }) =>
      launchNew(app, { kernelName: kernel, type, cwd: cwd() }, path =>
        model.api.launch(kernel, {
          in_job: id,
          path,
          type,
          ...(gpus ? { gpus } : {})
        })
      )
  });
}

export async function open(
  { app, cwd }: IJobsContext,
  run: IRun
): Promise<void> {
  if (!run.kernel_id) {
    return;
  }
  const widget = widgetOn(app.shell, run.kernel_id);
  if (widget) {
    app.shell.activateById(widget.id);
    return;
  }
  const session = sessionOn(app, one => one.kernel?.id === run.kernel_id);
  await openOnKernel(app, {
    kernelId: run.kernel_id,
    kernelName: run.kernel,
    path: session?.path,
    cwd: cwd()
  });
}

export async function log(context: IJobsContext, run: IRun): Promise<void> {
  showLog(context, { ...run, job: run.job ?? '' });
}

function showLog({ app, model, trans }: IJobsContext, run: ILogged): void {
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
  const { model, trans } = context;
  const { display_name, on_slurm } = await model.api.kernel(kernel);
  const title = display_name || kernel;
  try {
    // By its name: the list leaves out what ended under a former server.
    showLog(context, await model.api.runLog(kernel));
  } catch (error) {
    if (ApiError.of(error).status !== 404) {
      throw error;
    }
    await showDialog({
      title: trans.__('No log of %1', title),
      body: on_slurm
        ? trans.__('No run of it in a job is on record.')
        : trans.__(
            'It runs beside the Jupyter server, which has what the kernel prints outside of cells in its own output: in the terminal that it was started in, or in the log of the service that runs it.'
          ),
      buttons: [Dialog.okButton({ label: trans.__('Close') })]
    });
  }
}
