import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PromiseDelegate } from '@lumino/coreutils';
import { Panel, type Widget } from '@lumino/widgets';

import { SlurmSessions } from '../jobs/sessions';
import { sessionContextOf } from '../launch';
import { IKernelkitModel } from '../tokens';

/** Beside the state of the kernel, left in the status bar. */
const STATUS_RANK = 3;

/** The name in `jupyter.lab.toolbars` of schema/plugin.json. */
const TOOLBAR_ITEM = 'kernelkit-job';

/**
 * What shows the state of jobs wherever their kernels are used.
 *
 * All of it is fetched with the first kernel in a Slurm job.
 */
export const jobStatePlugin: JupyterFrontEndPlugin<void> = {
  id: 'kernelkit:job-state',
  description:
    'The state of Slurm jobs in notifications, toolbars, the status bar and the Running panel.',
  autoStart: true,
  requires: [IKernelkitModel],
  optional: [
    ITranslator,
    IToolbarWidgetRegistry,
    IStatusBar,
    IRunningSessionManagers
  ],
  activate: (
    app: JupyterFrontEnd,
    model: IKernelkitModel,
    translator: ITranslator | null,
    toolbars: IToolbarWidgetRegistry | null,
    statusBar: IStatusBar | null,
    running: IRunningSessionManagers | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kernelkit');
    const { commands, shell } = app;
    const first = new PromiseDelegate<void>();
    const shown = { model, commands, trans };

    toolbars?.addFactory<NotebookPanel>('Notebook', TOOLBAR_ITEM, panel => {
      const place = new Panel();
      void first.promise.then(async () => {
        const { JobIndicator } = await import('../jobs/indicator');
        if (!place.isDisposed) {
          const indicator = new JobIndicator(shown);
          indicator.session = panel.sessionContext;
          place.addWidget(indicator);
        }
      });
      return place;
    });

    void first.promise.then(async () => {
      const { RunNotices } = await import('../jobs/notices');
      new RunNotices(model, commands, trans);
      if (running) {
        const { runningJobs } = await import('../jobs/running');
        running.add(runningJobs(shown));
      }
      if (statusBar) {
        const { JobIndicator } = await import('../jobs/indicator');
        const item = new JobIndicator({ ...shown, long: true });
        const follow = (current: Widget | null) => {
          item.session = sessionContextOf(current);
        };
        shell.currentChanged?.connect((_, { newValue }) => follow(newValue));
        follow(shell.currentWidget);
        statusBar.registerStatusItem(TOOLBAR_ITEM, {
          item,
          align: 'left',
          rank: STATUS_RANK,
          isActive: () => item.run !== null,
          activeStateChanged: item.changed
        });
      }
    });

    new SlurmSessions(app.serviceManager, model, () => first.resolve());
  }
};
