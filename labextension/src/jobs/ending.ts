/** Ending a kernel, and with the last kernel of a job that job. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJobs, IRun } from '../api';
import { sessionContextOf, widgetOn } from '../launch';
import type { IJobsContext } from './commands';
import { confirmed } from './confirmed';
import { endsJob, othersIn, titleOf } from './runs';

export async function cancel(
  context: IJobsContext,
  run: IRun
): Promise<void | false> {
  const { app, model, trans } = context;
  const { title, body, label } = endingWords(run, model.jobs.data, trans);
  if (!(await confirmed(title, body, label, trans.__('Keep')))) {
    return false;
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
): Promise<void | false> {
  const sure = await confirmed(
    trans.__('Cancel job %1?', job),
    trans.__('No kernel is known that runs in it.'),
    trans.__('Cancel Job'),
    trans.__('Keep')
  );
  if (!sure) {
    return false;
  }
  await model.api.cancelRun(job);
}

/** What is asked before a run is ended: whether its job ends, too. */
export function endingWords(
  run: IRun,
  jobs: IJobs | null,
  trans: TranslationBundle
): { title: string; body: string; label: string } {
  const name = titleOf(run);
  const job = run.job ?? '';
  if (endsJob(run, jobs)) {
    const queued = run.state === 'queued' || run.state === 'new';
    return {
      title: job
        ? trans.__('Cancel job %1?', job)
        : trans.__('Cancel the job of %1?', name),
      body: queued
        ? trans.__('%1 leaves the queue.', name)
        : trans.__('%1 ends, and its variables are lost.', name),
      label: trans.__('Cancel Job')
    };
  }
  const others = othersIn(run, jobs);
  const rest = others
    ? trans._n(
        'Job %2 goes on with %1 other kernel.',
        'Job %2 goes on with %1 other kernels.',
        others,
        job
      )
    : trans.__('Job %1 then waits for its next kernel.', job);
  return {
    title: trans.__('End this kernel?'),
    body: `${trans.__('%1 ends, and its variables are lost.', name)} ${rest}`,
    label: trans.__('End Kernel')
  };
}
