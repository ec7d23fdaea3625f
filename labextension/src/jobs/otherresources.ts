/** A kernel with other resources for this once: a new notebook's, or that of the one in front. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, type ISessionContext } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, type IKernel } from '../api';
import { CommandIDs, type IKernelkitModel } from '../tokens';

export interface IOtherResources {
  app: JupyterFrontEnd;
  model: IKernelkitModel;
  trans: TranslationBundle;
}

/** Ask which kernel, then what it is to have, and open a notebook with it. */
export async function launchChosen(context: IOtherResources): Promise<void> {
  const { app, trans } = context;
  const kernels = await slurmKernels(context);
  const names = kernels.map(one => `${one.display_name} (${one.name})`);
  const given = await InputDialog.getItem({
    title: trans.__('Launch in a job'),
    label: trans.__('Kernel:'),
    items: names,
    okLabel: trans.__('Next')
  });
  const kernel = kernels[names.indexOf(given.value ?? '')];
  if (given.button.accept && kernel) {
    await app.commands.execute(CommandIDs.launchWithResources, {
      kernel: kernel.name
    });
  }
}

/** Give the session in front a new kernel of the same kind, with what is asked for. */
export async function changeResources(
  { model, trans }: IOtherResources,
  session: ISessionContext
): Promise<void> {
  const name = session.session?.kernel?.name ?? '';
  const { display_name, resources } = await model.api.kernel(name);
  const { askAndLaunch } = await import('../editor/launchdialog');
  await askAndLaunch({
    api: model.api,
    kernel: name,
    displayName: display_name,
    resources: resources ?? {},
    trans,
    launch: async asked => {
      const request = { path: session.path, resources: asked };
      const id = await model.api.launch(name, request);
      await session.changeKernel({ id });
    }
  });
}

/** The kernels that can run in a job. Rejects where there is none. */
export async function slurmKernels({
  model,
  trans
}: IOtherResources): Promise<IKernel[]> {
  const { kernels } = await model.api.kernels();
  const found = kernels.filter(
    kernel => kernel.on_slurm && kernel.state !== 'broken'
  );
  if (found.length === 0) {
    throw new ApiError(
      {
        code: 'none',
        message: trans.__('No kernel was made to run in a Slurm job.'),
        hint: trans.__('Install one from the catalog for Slurm, or create it.')
      },
      0
    );
  }
  return found;
}
