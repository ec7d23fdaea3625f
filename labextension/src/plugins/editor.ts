import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addIcon, editIcon } from '@jupyterlab/ui-components';

import type { JSONObject } from '@lumino/coreutils';

import type { IOffer } from '../api';
import { tell } from '../components/telling';
import { Drafts, editorKey, type IEditorArgs } from '../editor/drafts';
import type { EditorWidget } from '../editor/widget';
import { addToMain, launchNew } from '../launch';
import { CommandIDs, IKernelkitModel } from '../tokens';
import { UnderWay } from '../underway';

/** Reopens an editor as it was. */
const OPEN = 'kernelkit:open-editor';

export const editorPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kernelkit:editor',
  description: 'The form in which kernels are made and changed.',
  autoStart: true,
  requires: [IKernelkitModel],
  optional: [
    ITranslator,
    ICommandPalette,
    ILayoutRestorer,
    IStateDB,
    IDefaultFileBrowser
  ],
  activate: (
    app: JupyterFrontEnd,
    model: IKernelkitModel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    files: IDefaultFileBrowser | null
  ): void => {
    const { commands, shell } = app;
    const trans = (translator ?? nullTranslator).load('kernelkit');
    const tracker = new WidgetTracker<EditorWidget>({
      namespace: 'kernelkit-editor'
    });

    const open = async (key: string, wanted: IEditorArgs): Promise<void> => {
      const known = tracker.find(({ args }) => editorKey(args) === key);
      if (known) {
        shell.activateById(known.id);
        return;
      }
      // The form is fetched when the first one is opened.
      const { makeEditor } = await import('../editor/open');
      const widget = await makeEditor(wanted, {
        model,
        drafts: new Drafts(state),
        trans,
        onLaunch: kernel =>
          void commands.execute(CommandIDs.launchNotebook, { kernel })
      });
      addToMain(shell, widget);
      await tracker.add(widget);
      widget.saving.saved.connect(() => void tracker.save(widget));
      shell.activateById(widget.id);
    };

    // Two of a key would have one id and one draft between them.
    const opening = new UnderWay<void>();
    const openOrTell = (wanted: IEditorArgs) => {
      const key = editorKey(wanted);
      return opening.once(key, () =>
        open(key, wanted).catch(error => {
          void tell({ trans }, trans.__('The form cannot be opened'), error);
        })
      );
    };

    commands.addCommand(CommandIDs.createKernel, {
      label: trans.__('New kernel…'),
      caption: trans.__('Make a kernel of modules, an image or an environment'),
      icon: addIcon,
      describedBy: { args: takes({}) },
      execute: () => openOrTell({})
    });
    commands.addCommand(CommandIDs.editKernel, {
      label: trans.__('Edit…'),
      icon: editIcon,
      describedBy: { args: takes({ kernel: { type: 'string' } }) },
      execute: ({ kernel }) => openOrTell({ kernel: kernel as string })
    });
    commands.addCommand(CommandIDs.createFromOffer, {
      label: trans.__('Create a kernel of it…'),
      icon: addIcon,
      describedBy: {
        args: takes({ offer: { type: 'object' }, slurm: { type: 'boolean' } })
      },
      execute: given => {
        const offer = given.offer as unknown as IOffer;
        const { identity, install } = offer;
        const slurm = given.slurm === true;
        return openOrTell({ offer: { identity, install }, slurm });
      }
    });
    commands.addCommand(OPEN, {
      describedBy: {
        args: takes({ kernel: { type: 'string' }, offer: { type: 'object' } })
      },
      execute: wanted => openOrTell(wanted as unknown as IEditorArgs)
    });
    commands.addCommand(CommandIDs.launchWithResources, {
      label: trans.__('Launch with other resources…'),
      describedBy: {
        args: takes({
          kernel: { type: 'string' },
          type: { enum: ['notebook', 'console'] }
        })
      },
      execute: async given => {
        const { kernel: name, type } = given as {
          kernel: string;
          type?: 'notebook' | 'console';
        };
        const { askAndLaunch } = await import('../editor/launchdialog');
        try {
          const { display_name, resources } = await model.api.kernel(name);
          const cwd = files?.model.path ?? '';
          await askAndLaunch({
            api: model.api,
            kernel: name,
            displayName: display_name,
            resources: resources ?? {},
            trans,
            launch: asked =>
              launchNew(app, { kernelName: name, type, cwd }, path =>
                model.api.launch(name, { path, type, resources: asked })
              )
          });
        } catch (error) {
          await tell(
            { trans },
            trans.__('Launch with other resources…'),
            error
          );
        }
      }
    });
    palette?.addItem({
      command: CommandIDs.createKernel,
      category: trans.__('Kernels')
    });
    void restorer?.restore(tracker, {
      command: OPEN,
      args: ({ args }) => ({ ...args }),
      name: ({ args }) => JSON.stringify(args)
    });
  }
};

/** The schema of a command's arguments. */
function takes(properties: JSONObject): JSONObject {
  return { type: 'object', properties };
}
