/** What can be done to a run, from the panel, a menu, the palette or a notice. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IRun } from '../api';
import { sessionContextOf } from '../launch';
import { CommandIDs, type IKernelkitModel } from '../tokens';
import { UnderWay } from '../underway';
import { endsJob, runOf } from './runs';

export interface IJobsContext {
  app: JupyterFrontEnd;
  model: IKernelkitModel;
  trans: TranslationBundle;
  /** The folder in which notebooks are made. */
  cwd: () => string | undefined;
}

type Actions = typeof import('./actions');

interface IRunCommand {
  id: string;
  label: string;
  /** What it is called where it does less than `label` says. */
  labelFor?: (run: IRun) => string;
  fits: (run: IRun) => boolean;
  /** Whether the server would refuse it a second time. */
  once?: boolean;
  act: (
    actions: Actions
  ) => (context: IJobsContext, run: IRun) => Promise<unknown>;
}

/** Register the commands whose argument `run` is the id of a run. */
export function addRunCommands(context: IJobsContext): void {
  const { app } = context;
  const underWay = new UnderWay<void>();
  for (const command of runCommands(context)) {
    const { id, label, labelFor, fits, once, act } = command;
    app.commands.addCommand(id, {
      label: args => {
        const run = labelFor ? chosen(context, args) : null;
        return run && labelFor ? labelFor(run) : label;
      },
      isEnabled: args => {
        const run = chosen(context, args);
        return run !== null && fits(run);
      },
      execute: async args => {
        const run = chosen(context, args);
        const named = run?.run ?? args.run;
        if (typeof named !== 'string') {
          return;
        }
        const begin = async () => {
          const actions = await import('./actions');
          // A notice outlives its run in the list.
          const found = async () =>
            run ?? (await actions.unlisted(context, named, fits));
          await actions.told(context, label, async () =>
            act(actions)(context, await found())
          );
        };
        await (once ? underWay.once(`${id} ${named}`, begin) : begin());
      },
      describedBy: { args: RUN_ARGS }
    });
  }
}

/** Register what is done to a kernel's last run, and to a job without one. */
export function addOtherCommands(context: IJobsContext): void {
  const { app, trans } = context;
  const underWay = new UnderWay<void>();
  const add = (
    id: string,
    label: string,
    name: 'kernel' | 'job',
    description: string,
    act: (actions: Actions) => (c: IJobsContext, v: string) => Promise<unknown>,
    once = false
  ) =>
    app.commands.addCommand(id, {
      label,
      execute: async args => {
        const value = String(args[name]);
        const begin = async () => {
          const actions = await import('./actions');
          await actions.told(context, label, () =>
            act(actions)(context, value)
          );
        };
        await (once ? underWay.once(value, begin) : begin());
      },
      describedBy: {
        args: {
          type: 'object',
          required: [name],
          properties: { [name]: { type: 'string', description } }
        }
      }
    });
  add(
    CommandIDs.kernelLogs,
    trans.__('Show Log'),
    'kernel',
    'The name of a kernelspec',
    actions => actions.kernelLog
  );
  add(
    CommandIDs.cancelJob,
    trans.__('Cancel Job…'),
    'job',
    'The id of a job that no run tells of',
    actions => actions.cancelJob,
    true
  );
  add(
    CommandIDs.openInIdleJob,
    trans.__('Open a Kernel in This Job…'),
    'job',
    'The id of a job that waits for its next kernel',
    actions => actions.openInIdleJob
  );
}

function runCommands({ model, trans }: IJobsContext): IRunCommand[] {
  return [
    {
      id: CommandIDs.openRun,
      label: trans.__('Show Notebook'),
      fits: run => run.mine && isOpen(run),
      act: actions => actions.open
    },
    {
      id: CommandIDs.attachRun,
      label: trans.__('Attach'),
      fits: run => run.attachable,
      once: true,
      act: actions => actions.attach
    },
    {
      id: CommandIDs.openInJob,
      label: trans.__('Open Another Kernel in This Job…'),
      fits: run => run.state === 'running' && !run.attachable,
      act: actions => actions.openInJob
    },
    {
      id: CommandIDs.restartRun,
      label: trans.__('Restart Kernel in Its Job…'),
      fits: run => run.mine && isOpen(run),
      act: actions => actions.restart
    },
    {
      id: CommandIDs.moreTime,
      label: trans.__('Restart Kernel with More Time…'),
      fits: run => run.mine || !isOpen(run),
      once: true,
      act: actions => actions.moreTime
    },
    {
      id: CommandIDs.runLog,
      label: trans.__('Show Log of the Job'),
      fits: () => true,
      act: actions => actions.log
    },
    {
      id: CommandIDs.cancelRun,
      label: trans.__('Cancel Job…'),
      labelFor: run =>
        endsJob(run, model.jobs.data)
          ? trans.__('Cancel Job…')
          : trans.__('End Kernel…'),
      fits: isOpen,
      once: true,
      act: actions => actions.cancel
    }
  ];
}

const RUN_ARGS = {
  type: 'object',
  properties: {
    run: {
      type: 'string',
      description: 'The id of a run; that of what is open in front if omitted'
    }
  }
} as const;

/** The run that is meant: the one named, or that of what is open in front. */
function chosen(
  { app, model }: IJobsContext,
  args: ReadonlyPartialJSONObject
): IRun | null {
  if (typeof args.run === 'string') {
    return model.jobs.data?.runs.find(run => run.run === args.run) ?? null;
  }
  const kernel = sessionContextOf(app.shell.currentWidget)?.session?.kernel;
  return runOf(model.jobs.data, kernel?.id);
}

function isOpen(run: IRun): boolean {
  return run.state !== 'ended';
}

/** The menu of a run: what can be done with it now. */
export function runMenu(commands: CommandRegistry, run: IRun): string[] {
  const args = { run: run.run };
  return [
    CommandIDs.openRun,
    CommandIDs.attachRun,
    CommandIDs.openInJob,
    CommandIDs.restartRun,
    CommandIDs.moreTime,
    CommandIDs.runLog,
    CommandIDs.cancelRun
  ].filter(id => commands.hasCommand(id) && commands.isEnabled(id, args));
}
