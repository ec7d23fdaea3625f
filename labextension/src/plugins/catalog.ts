import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { downloadIcon } from '@jupyterlab/ui-components';

import type { IOffer } from '../api';
import { Installs } from '../catalog/installs';
import { catalogIcon } from '../icons';
import { CommandIDs, IKernelkitModel, IKernelkitPanels } from '../tokens';

export const catalogPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kernelkit:catalog',
  description: 'The Catalog panel: what kernels can be made of here.',
  autoStart: true,
  requires: [IKernelkitModel, IKernelkitPanels],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: IKernelkitModel,
    panels: IKernelkitPanels,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('kernelkit');
    const context = { app, model, trans, cwd: () => undefined };
    const installs = new Installs(model);

    panels.add({
      id: 'catalog',
      label: trans.__('Catalog'),
      icon: catalogIcon,
      rank: 20,
      load: async () => {
        const { createCatalogPanel } = await import('../catalog');
        return createCatalogPanel(context, installs);
      }
    });
    app.commands.addCommand(CommandIDs.showCatalog, {
      label: trans.__('Show the Catalog'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => panels.open('catalog')
    });
    palette?.addItem({
      command: CommandIDs.showCatalog,
      category: trans.__('kernelkit')
    });

    app.commands.addCommand(CommandIDs.installOffer, {
      label: args =>
        isInstalled(args.offer)
          ? trans.__('Install Again…')
          : trans.__('Install'),
      icon: args => (args.inMenu ? downloadIcon : undefined),
      isEnabled: args => lacksNothing(args.offer),
      describedBy: {
        args: {
          type: 'object',
          properties: { offer: { type: 'object', description: 'An offer.' } },
          required: ['offer']
        }
      },
      execute: async args => {
        const offer = args.offer as unknown as IOffer;
        if (isInstalled(offer)) {
          const answer = await showDialog({
            title: trans.__('Install %1 again?', offer.identity),
            body: trans.__(
              'The kernel %1 is made anew and replaced. A copy of the present one is kept.',
              offer.installed ?? ''
            ),
            buttons: [
              Dialog.cancelButton(),
              Dialog.okButton({ label: trans.__('Install') })
            ]
          });
          if (!answer.button.accept) {
            return;
          }
        }
        try {
          await installs.begin(offer, isInstalled(offer));
        } catch (error) {
          const actions = await import('../kernels/actions');
          const title = trans.__('Install %1', offer.identity);
          await actions.tell(context, title, error);
        }
      }
    });
  }
};

function isInstalled(offer: unknown): boolean {
  return Boolean((offer as IOffer | undefined)?.installed);
}

function lacksNothing(offer: unknown): boolean {
  return !(offer as IOffer | undefined)?.missing?.length;
}
