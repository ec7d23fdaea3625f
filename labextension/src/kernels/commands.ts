/** The commands of the Kernels panel; what they do is loaded when used. */
import type { ICommandPalette } from '@jupyterlab/apputils';
import {
  consoleIcon,
  copyIcon,
  deleteIcon,
  downloadIcon,
  editIcon,
  notebookIcon,
  refreshIcon,
  undoIcon,
  type LabIcon
} from '@jupyterlab/ui-components';

import type { IKernel } from '../api';
import { CommandIDs, type IKernelkitPanels } from '../tokens';
import type * as Actions from './actions';
import { canRollBack, canUpgrade } from './state';

type IContext = Actions.IContext;

interface IKernelCommand {
  id: string;
  /** In the menu of one kernel. */
  label: string;
  /** In the palette, where the kernel is asked for. */
  caption: string;
  icon?: LabIcon;
  fits: (kernel: IKernel) => boolean;
  run: (actions: typeof Actions, name: string) => Promise<void>;
}

const any = () => true;
const managed = (kernel: IKernel) => kernel.managed;
const foreign = (kernel: IKernel) => !kernel.managed;

function kernelCommands(context: IContext): IKernelCommand[] {
  const { trans } = context;
  return [
    {
      id: CommandIDs.launchNotebook,
      label: trans.__('New Notebook'),
      caption: trans.__('New Notebook with a Kernel…'),
      icon: notebookIcon,
      fits: any,
      run: (actions, name) => actions.launch(context, name, 'notebook')
    },
    {
      id: CommandIDs.launchConsole,
      label: trans.__('New Console'),
      caption: trans.__('New Console with a Kernel…'),
      icon: consoleIcon,
      fits: any,
      run: (actions, name) => actions.launch(context, name, 'console')
    },
    {
      id: CommandIDs.renameKernel,
      label: trans.__('Rename…'),
      caption: trans.__('Rename a Kernel…'),
      icon: editIcon,
      fits: managed,
      run: (actions, name) => actions.rename(context, name)
    },
    {
      id: CommandIDs.cloneKernel,
      label: trans.__('Clone…'),
      caption: trans.__('Clone a Kernel…'),
      icon: copyIcon,
      fits: managed,
      run: (actions, name) => actions.clone(context, name)
    },
    {
      id: CommandIDs.upgradeKernel,
      label: trans.__('Upgrade…'),
      caption: trans.__('Upgrade a Kernel…'),
      icon: refreshIcon,
      fits: canUpgrade,
      run: (actions, name) => actions.upgrade(context, name)
    },
    {
      id: CommandIDs.rollbackKernel,
      label: trans.__('Rollback…'),
      caption: trans.__('Rollback of a Kernel…'),
      icon: undoIcon,
      fits: canRollBack,
      run: (actions, name) => actions.rollback(context, name)
    },
    {
      id: CommandIDs.testKernel,
      label: trans.__('Test'),
      caption: trans.__('Test a Kernel…'),
      fits: any,
      run: (actions, name) => actions.test(context, name)
    },
    {
      id: CommandIDs.kernelPackages,
      label: trans.__('Packages…'),
      caption: trans.__('Packages of a Kernel…'),
      fits: managed,
      run: (actions, name) => actions.packages(context, name)
    },
    {
      id: CommandIDs.exportKernel,
      label: trans.__('Export Recipe'),
      caption: trans.__('Export the Recipe of a Kernel…'),
      icon: downloadIcon,
      fits: managed,
      run: (actions, name) => actions.exportRecipe(context, name)
    },
    {
      id: CommandIDs.adoptKernel,
      label: trans.__('Adopt…'),
      caption: trans.__('Adopt a Kernel…'),
      fits: foreign,
      run: (actions, name) => actions.adopt(context, name)
    },
    {
      id: CommandIDs.removeKernel,
      label: trans.__('Remove…'),
      caption: trans.__('Remove a Kernel…'),
      icon: deleteIcon,
      fits: managed,
      run: (actions, name) => actions.remove(context, name)
    }
  ];
}

export function registerKernelCommands(
  context: IContext,
  panels: IKernelkitPanels,
  palette: ICommandPalette | null
): void {
  const { trans, model } = context;
  const { commands } = context.app;
  const category = trans.__('kernelkit');

  for (const command of kernelCommands(context)) {
    commands.addCommand(command.id, {
      label: args => (args.kernel ? command.label : command.caption),
      icon: args => (args.inMenu ? command.icon : undefined),
      describedBy: { args: KERNEL_ARGS },
      execute: async args => {
        const actions = await import('./actions');
        try {
          const name = await actions.pickKernel(
            context,
            args.kernel,
            command.fits,
            command.caption
          );
          if (name) {
            await command.run(actions, name);
          }
        } catch (error) {
          await actions.tell(context, command.caption, error);
        }
      }
    });
    palette?.addItem({ command: command.id, category });
  }

  commands.addCommand(CommandIDs.showKernels, {
    label: trans.__('Show Kernels'),
    describedBy: { args: NO_ARGS },
    execute: () => panels.open('kernels')
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Kernels, Catalog and Jobs'),
    icon: args => (args.inMenu ? refreshIcon : undefined),
    describedBy: { args: NO_ARGS },
    execute: () => model.refresh()
  });
  commands.addCommand(CommandIDs.showTask, {
    label: trans.__('Show Steps'),
    describedBy: { args: TASK_ARGS },
    execute: async args => {
      const actions = await import('./actions');
      await actions.showTask(context, args.task);
    }
  });
  palette?.addItem({ command: CommandIDs.showKernels, category });
  palette?.addItem({ command: CommandIDs.refresh, category });
}

const NO_ARGS = { type: 'object', properties: {} } as const;

const KERNEL_ARGS = {
  type: 'object',
  properties: {
    kernel: {
      type: 'string',
      description: 'The name of the kernel; asked for where absent.'
    }
  }
} as const;

const TASK_ARGS = {
  type: 'object',
  properties: { task: { type: 'string', description: 'The id of the task.' } },
  required: ['task']
} as const;
