import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Sidebar } from '../sidebar/widget';
import { IKernelkitPanels } from '../tokens';

/** After the file browser and Running, before the extension manager. */
const RANK = 250;

export const sidebarPlugin: JupyterFrontEndPlugin<IKernelkitPanels> = {
  id: 'kernelkit:sidebar',
  description: 'The widget in the left area that holds the panels.',
  autoStart: true,
  provides: IKernelkitPanels,
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ): IKernelkitPanels => {
    const sidebar = new Sidebar(translator ?? nullTranslator, () =>
      app.shell.activateById(sidebar.id)
    );
    restorer?.add(sidebar, sidebar.id);
    app.shell.add(sidebar, 'left', { rank: RANK, type: 'kernelkit' });
    return sidebar;
  }
};
