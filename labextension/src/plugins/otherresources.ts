import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { jobsIcon } from '../icons';
import { isSlurm } from '../jobs/sessions';
import { sessionContextOf } from '../launch';
import { CommandIDs, IKernelkitModel } from '../tokens';

/** In the Kernel menu, before the group of the job. */
const MENU_RANK = 49;

export const otherResourcesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kernelkit:other-resources',
  description:
    'Launches kernels with other resources, from the launcher, the Kernel menu and the palette.',
  autoStart: true,
  requires: [IKernelkitModel],
  optional: [ITranslator, ICommandPalette, ILauncher, IMainMenu],
  activate: (
    app: JupyterFrontEnd,
    model: IKernelkitModel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    menu: IMainMenu | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kernelkit');
    const { commands, shell, serviceManager } = app;
    const context = { app, model, trans };
    const inFront = () => {
      const session = sessionContextOf(shell.currentWidget);
      const name = session?.session?.kernel?.name ?? '';
      return isSlurm(serviceManager.kernelspecs, name) ? session : null;
    };

    const label = trans.__('Kernel in a job…');
    commands.addCommand(CommandIDs.launchChosen, {
      label,
      caption: trans.__('Launch a kernel with the resources you ask for'),
      icon: args => (args.isPalette ? undefined : jobsIcon),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const [{ launchChosen }, { told }] = await Promise.all([
          import('../jobs/otherresources'),
          import('../jobs/actions')
        ]);
        await told(context, label, () => launchChosen(context));
      }
    });
    const change = trans.__('Start in a New Job with Other Resources…');
    commands.addCommand(CommandIDs.changeResources, {
      label: change,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => inFront() !== null,
      execute: async () => {
        const session = inFront();
        if (session) {
          const [{ changeResources }, { told }] = await Promise.all([
            import('../jobs/otherresources'),
            import('../jobs/actions')
          ]);
          await told(context, change, () => changeResources(context, session));
        }
      }
    });
    const category = trans.__('Kernels on Slurm');
    palette?.addItem({
      command: CommandIDs.launchChosen,
      args: { isPalette: true },
      category
    });
    palette?.addItem({ command: CommandIDs.changeResources, category });
    menu?.kernelMenu.addGroup(
      [{ command: CommandIDs.changeResources }],
      MENU_RANK
    );

    // A card only where there is something to launch.
    let card: { dispose(): void } | null = null;
    const offer = () => {
      const names = Object.keys(
        serviceManager.kernelspecs.specs?.kernelspecs ?? {}
      );
      const any = names.some(name => isSlurm(serviceManager.kernelspecs, name));
      if (any && !card) {
        card =
          launcher?.add({
            command: CommandIDs.launchChosen,
            category: trans.__('Other'),
            rank: 0
          }) ?? null;
      } else if (!any) {
        card?.dispose();
        card = null;
      }
    };
    serviceManager.kernelspecs.specsChanged.connect(offer);
    offer();
  }
};
