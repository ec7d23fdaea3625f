import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import { downloadIcon } from '@jupyterlab/ui-components';
import type { JSONObject } from '@lumino/coreutils';

import type { IOffer, IProblem } from '../api';
import { Installs } from '../catalog/installs';
import { catalogIcon } from '../icons';
import { CommandIDs, IKernelkitModel, IKernelkitPanels } from '../tokens';
import { UnderWay } from '../underway';

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

    const install = async (offer: IOffer, slurm: boolean): Promise<void> => {
      if (isInstalled(offer) && !(await maySupersede(offer, trans))) {
        return;
      }
      try {
        const misfit = await installs.begin(offer, isInstalled(offer), slurm);
        if (misfit) {
          await changeIt(offer, misfit);
        }
      } catch (error) {
        const actions = await import('../kernels/actions');
        const title = trans.__('Install %1', offer.identity);
        await actions.tell(context, title, error);
      }
    };
    const changeIt = async (offer: IOffer, misfit: IProblem): Promise<void> => {
      Notification.warning(
        trans.__(
          'What %1 asks for does not fit this cluster; change it here. %2',
          offer.identity,
          misfit.message
        ),
        { autoClose: 15_000 }
      );
      await app.commands.execute(CommandIDs.createFromOffer, {
        offer: offer as unknown as JSONObject,
        slurm: true
      });
    };
    const clicks = new UnderWay<void>();
    const clicked = (given: unknown, slurm: boolean) => {
      const offer = given as IOffer;
      return clicks.once(offer.identity, () => install(offer, slurm));
    };
    const canInstall = (given: unknown) => {
      const offer = given as IOffer | undefined;
      return lacksNothing(offer) && !(offer && installs.taskOf(offer.identity));
    };
    const describedBy = {
      args: {
        type: 'object',
        properties: { offer: { type: 'object', description: 'An offer.' } },
        required: ['offer']
      }
    };

    app.commands.addCommand(CommandIDs.installOffer, {
      label: args =>
        isInstalled(args.offer)
          ? trans.__('Install Again…')
          : trans.__('Install'),
      icon: args => (args.inMenu ? downloadIcon : undefined),
      isEnabled: args => canInstall(args.offer),
      describedBy,
      execute: ({ offer }) => clicked(offer, false)
    });
    app.commands.addCommand(CommandIDs.installOfferForSlurm, {
      label: args =>
        isInstalled(args.offer)
          ? trans.__('Install Again for Slurm…')
          : trans.__('Install for Slurm'),
      caption: trans.__('Make a kernel of it that runs in Slurm jobs'),
      icon: args => (args.inMenu ? downloadIcon : undefined),
      isVisible: () => model.status.data?.slurm === true,
      isEnabled: args => canInstall(args.offer),
      describedBy,
      execute: ({ offer }) => clicked(offer, true)
    });
  }
};

/** Whether the kernel of an offer may be replaced by a new one. */
async function maySupersede(
  offer: IOffer,
  trans: TranslationBundle
): Promise<boolean> {
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
  return answer.button.accept;
}

function isInstalled(offer: unknown): boolean {
  return Boolean((offer as IOffer | undefined)?.installed);
}

function lacksNothing(offer: IOffer | undefined): boolean {
  return !offer?.missing?.length;
}
