/** What the commands of the Kernels panel do; loaded when the first is used. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Dialog,
  InputDialog,
  Notification,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { IKernel } from '../api';
import { TaskBody } from '../components/taskbody';
import { tell } from '../components/telling';
import { dateTime, kernelState } from '../format';
import type { IKernelkitModel } from '../tokens';
import { askNames, type INames } from './namesdialog';
import { PackagesBody } from './packages';
import { askUpgrade } from './upgradedialog';

export interface IContext {
  app: JupyterFrontEnd;
  model: IKernelkitModel;
  trans: TranslationBundle;
  /** The folder in which notebooks are made. */
  cwd: () => string | undefined;
}

export { tell };

export type LaunchType = 'notebook' | 'console';

/** The kernel that a command is given, or one that the user picks. */
export async function pickKernel(
  context: IContext,
  name: unknown,
  which: (kernel: IKernel) => boolean,
  title: string
): Promise<string | null> {
  if (typeof name === 'string' && name) {
    return name;
  }
  const { model, trans } = context;
  await model.kernels.refresh();
  const kernels = (model.kernels.data ?? []).filter(which);
  if (kernels.length === 0) {
    const failed = model.kernels.error;
    await showErrorMessage(
      title,
      failed?.message ?? trans.__('There is no kernel that this fits.')
    );
    return null;
  }
  const labels = kernels.map(one => `${one.display_name} (${one.name})`);
  const answer = await InputDialog.getItem({
    title,
    label: trans.__('Kernel'),
    items: labels
  });
  const index = answer.value === null ? -1 : labels.indexOf(answer.value);
  return answer.button.accept ? (kernels[index]?.name ?? null) : null;
}

/** A notebook or a console, as Jupyter itself starts one. */
export async function launch(
  context: IContext,
  name: string,
  type: LaunchType
): Promise<void> {
  const { app, cwd } = context;
  const { kernelspecs } = app.serviceManager;
  if (!kernelspecs.specs?.kernelspecs[name]) {
    await kernelspecs.refreshSpecs();
  }
  if (type === 'notebook') {
    await app.commands.execute('notebook:create-new', {
      kernelName: name,
      cwd: cwd() ?? '',
      activate: true
    });
  } else {
    await app.commands.execute('console:create', {
      kernelPreference: { name },
      cwd: cwd() ?? '',
      activate: true
    });
  }
}

export async function rename(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const kernel = await model.api.kernel(name);
  await askNames({
    title: trans.__('Rename %1', kernel.display_name),
    accept: trans.__('Rename'),
    names: { name, displayName: kernel.display_name },
    trans,
    save: async (names: INames) => {
      await model.api.rename(name, {
        name: names.name === name ? undefined : names.name,
        display_name: names.displayName
      });
      await model.refresh();
    }
  });
}

export async function clone(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const kernel = await model.api.kernel(name);
  await askNames({
    title: trans.__('Clone %1', kernel.display_name),
    accept: trans.__('Clone'),
    names: {
      name: `${name}-copy`,
      displayName: trans.__('%1 (copy)', kernel.display_name)
    },
    trans,
    save: async (names: INames) => {
      await model.api.clone(name, names.name, names.displayName);
      await model.refresh();
    }
  });
}

export async function test(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const kernel = await model.api.kernel(name);
  let onSlurm = false;
  if (kernel.on_slurm) {
    const here = Dialog.createButton({ label: trans.__('Start it here') });
    const inJob = Dialog.okButton({ label: trans.__('Start it in a job') });
    const answer = await showDialog({
      title: trans.__('Test %1', kernel.display_name),
      body: trans.__(
        'In a job it is tested as it will run, and waits in the queue. Here it is started without one.'
      ),
      buttons: [Dialog.cancelButton(), here, inJob]
    });
    if (!answer.button.accept) {
      return;
    }
    onSlurm = answer.button.label === inJob.label;
  }
  await model.begin(() => model.api.test(name, onSlurm));
}

export async function adopt(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const { display_name } = await model.api.kernel(name);
  await askNames({
    title: trans.__('Adopt %1', display_name),
    text: trans.__(
      'kernelkit works out what the kernel is made of, and writes it anew so that it can be edited and checked. Under its own name a copy of the present one is kept; under another name the present one stays as it is.'
    ),
    accept: trans.__('Adopt'),
    names: { name, displayName: display_name },
    trans,
    save: async (names: INames) => {
      const changes = {
        name: names.name === name ? undefined : names.name,
        display_name:
          names.displayName === display_name ? undefined : names.displayName
      };
      await model.begin(() => model.api.adopt(name, changes));
    }
  });
}

export async function upgrade(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  await askUpgrade({
    kernel: await model.api.kernel(name),
    trans,
    diff: signal => model.api.diff(name, signal),
    upgrade: async ({ fingerprint, edited }) => {
      const force = edited.length > 0;
      await model.begin(() => model.api.upgrade(name, fingerprint, force));
    }
  });
}

export async function rollback(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const { display_name, former, modified } = await model.api.kernel(name);
  const words = former
    ? [
        trans.__(
          'The version of %1 takes the place of the present one, of %2.',
          dateTime(former.modified),
          dateTime(modified)
        ),
        former.name === name
          ? ''
          : trans.__('The kernel gets its former name %1 back.', former.name),
        trans.__(
          'Another rollback undoes this. Kernels that run stay as they are until they are restarted.'
        )
      ]
    : [trans.__('No earlier version of it is known.')];
  const answer = await showDialog({
    title: trans.__('Rollback of %1?', display_name || name),
    body: words.filter(Boolean).join(' '),
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Rollback') })
    ]
  });
  if (answer.button.accept) {
    await putBack(context, name);
  }
}

async function putBack(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const { kernel } = await model.api.rollback(name);
  await model.refresh();
  const title = kernel.display_name || kernel.name;
  const words = trans.__('Rollback of %1: done.', title);
  const state = trans.__('State: %1.', kernelState(kernel.state, trans));
  Notification.success(`${words} ${state}`, { autoClose: 10_000 });
}

export async function remove(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const kernel = await model.api.kernel(name);
  const answer = await showDialog({
    title: trans.__('Remove %1?', kernel.display_name),
    body: trans.__(
      'The kernel %1 in %2 is removed. What it is made of stays: modules, images, environments and packages.',
      name,
      kernel.path
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Remove') })
    ]
  });
  if (answer.button.accept) {
    await model.api.remove(name);
    await model.refresh();
    const back = {
      label: trans.__('Rollback'),
      callback: () => {
        putBack(context, name).catch(error =>
          tell(context, trans.__('Rollback'), error)
        );
      }
    };
    // Where it hid another of its name, the name means that one now.
    const others = model.kernels.data?.some(one => one.name === name);
    Notification.success(trans.__('%1 is removed.', kernel.display_name), {
      autoClose: 10_000,
      actions: others ? [] : [back]
    });
  }
}

/** The recipe as a file that a colleague can install from. */
export async function exportRecipe(
  context: IContext,
  name: string
): Promise<void> {
  const { filename, text } = await context.model.api.exportRecipe(name);
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = filename;
  link.click();
  URL.revokeObjectURL(url);
}

export async function packages(context: IContext, name: string): Promise<void> {
  const { model, trans } = context;
  const kernel = await model.api.kernel(name);
  const body = ReactWidget.create(
    React.createElement(PackagesBody, { model, trans, kernel: name })
  );
  body.addClass('kk-PackagesDialog');
  await showDialog({
    title: trans.__('Packages of %1', kernel.display_name),
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })],
    hasClose: true
  });
}

/** The steps of a task, running or done. */
export async function showTask(context: IContext, id: unknown): Promise<void> {
  const { model, trans } = context;
  const task = model.tasks.find(task => task.id === id);
  if (!task) {
    return;
  }
  const body = ReactWidget.create(
    React.createElement(TaskBody, { model, trans, task })
  );
  await showDialog({
    title: task.title,
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })],
    hasClose: true
  });
}
