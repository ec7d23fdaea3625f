import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { registerKernelCommands } from '../kernels/commands';
import { announceTasks } from '../kernels/notices';
import type { GroupBy } from '../kernels/groups';
import { sidebarIcon } from '../icons';
import { IKernelkitModel, IKernelkitPanels } from '../tokens';
import { begun } from './begun';

const SETTINGS = 'kernelkit:plugin';

export const kernelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kernelkit:kernels',
  description: 'The Kernels panel and what can be done with a kernel.',
  autoStart: true,
  requires: [IKernelkitModel, IKernelkitPanels],
  optional: [
    ITranslator,
    ICommandPalette,
    ISettingRegistry,
    IDefaultFileBrowser
  ],
  activate: (
    app: JupyterFrontEnd,
    model: IKernelkitModel,
    panels: IKernelkitPanels,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    browser: IDefaultFileBrowser | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kernelkit');
    const cwd = () => browser?.model.path;
    const context = { app, model, trans, cwd };
    registerKernelCommands(context, panels, palette);
    announceTasks(context);
    panels.add({
      id: 'kernels',
      label: trans.__('Kernels'),
      icon: sidebarIcon,
      rank: 10,
      load: () =>
        begun(model, async watching => {
          const { createKernelsPanel } = await import('../kernels');
          const loaded = await settings?.load(SETTINGS);
          const grouping = {
            get: () =>
              (loaded?.get('groupKernels').composite ?? 'state') as GroupBy,
            set: (by: GroupBy) => void loaded?.set('groupKernels', by)
          };
          return createKernelsPanel(context, grouping, watching);
        })
    });
  }
};
