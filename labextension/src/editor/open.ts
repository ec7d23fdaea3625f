/** Making an editor: for nothing yet, for an offer, or for a kernel. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { IKernelkitModel } from '../tokens';
import { editorKey, type Drafts, type IEditorArgs } from './drafts';
import { FieldSpecs } from './fieldspec';
import { emptyForm, formOf, type IOrigin } from './form';
import { EditorModel } from './model';
import { EditorWidget } from './widget';

export interface IOpenOptions {
  model: IKernelkitModel;
  drafts: Drafts;
  trans: TranslationBundle;
  onLaunch: (kernel: string) => void;
}

/** Rejects with an ApiError where the server does not tell what is needed. */
export async function makeEditor(
  args: IEditorArgs,
  options: IOpenOptions
): Promise<EditorWidget> {
  const { model, drafts, trans, onLaunch } = options;
  const { api } = model;
  const key = editorKey(args);
  const [schemas, draft] = await Promise.all([api.schema(), drafts.read(key)]);
  const origin = draft?.origin ?? (await originOf(args, options));
  const editor = new EditorModel({
    api,
    specs: new FieldSpecs(schemas, trans),
    trans,
    origin,
    form: draft?.form
  });
  const widget = new EditorWidget({
    editor,
    model,
    trans,
    drafts,
    args,
    onLaunch
  });
  widget.id = `kernelkit-editor-${key.replace(/[^A-Za-z0-9_-]/g, '_')}`;
  return widget;
}

export async function originOf(
  { kernel, offer, slurm }: IEditorArgs,
  { model, trans }: IOpenOptions
): Promise<IOrigin> {
  const { api } = model;
  if (kernel) {
    const { recipe, options, fingerprint } = await api.kernel(kernel);
    if (!recipe) {
      const message = trans.__('%1 was not made by kernelkit.', kernel);
      const hint = trans.__('Adopt it first.');
      throw new ApiError({ code: 'unmanaged', message, hint }, 0);
    }
    return { form: formOf(recipe, options ?? {}), kernel, fingerprint };
  }
  if (offer) {
    const { recipe } = await api.offerInfo(offer.identity);
    const jobs = slurm || (recipe?.resources && (await hasSlurm(model)));
    const form = formOf(recipe ?? {}, jobs ? { on_slurm: true } : {});
    return { form, source: offer.install };
  }
  return { form: emptyForm() };
}

async function hasSlurm({ status }: IKernelkitModel): Promise<boolean> {
  if (!status.data) {
    await status.refresh();
  }
  return status.data?.slurm === true;
}
