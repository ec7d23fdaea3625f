import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { jobsIcon } from '../icons';
import { addOtherCommands, addRunCommands } from '../jobs/commands';
import { CommandIDs, IKernelkitModel, IKernelkitPanels } from '../tokens';
import { begun } from './begun';

/** In the Kernel menu after Lab's own groups. */
const MENU_RANK = 50;

export const jobsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kernelkit:jobs',
  description: 'The Jobs panel, and what can be done to a run.',
  autoStart: true,
  requires: [IKernelkitModel, IKernelkitPanels],
  optional: [ITranslator, ICommandPalette, IMainMenu, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    model: IKernelkitModel,
    panels: IKernelkitPanels,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    menu: IMainMenu | null,
    files: IDefaultFileBrowser | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kernelkit');
    const { commands } = app;
    const cwd = () => files?.model.path;
    const context = { app, model, trans, cwd };
    addRunCommands(context);
    addOtherCommands(context);
    panels.add({
      id: 'jobs',
      label: trans.__('Jobs'),
      icon: jobsIcon,
      rank: 30,
      load: () =>
        begun(model, async watching => {
          const { createJobsPanel } = await import('../jobs/panel');
          return createJobsPanel({ model, commands, trans }, watching);
        })
    });
    commands.addCommand(CommandIDs.showJobs, {
      label: trans.__('Show Slurm Jobs'),
      execute: () => panels.open('jobs'),
      describedBy: { args: {} }
    });
    const inMenu = [
      CommandIDs.moreTime,
      CommandIDs.runLog,
      CommandIDs.showJobs
    ];
    menu?.kernelMenu.addGroup(
      inMenu.map(command => ({ command })),
      MENU_RANK
    );
    const category = trans.__('Kernels on Slurm');
    [
      ...inMenu,
      CommandIDs.restartRun,
      CommandIDs.openInJob,
      CommandIDs.cancelRun
    ].forEach(command => palette?.addItem({ command, category }));
  }
};
