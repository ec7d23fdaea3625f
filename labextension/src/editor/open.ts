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

async function originOf(
  { kernel, offer }: IEditorArgs,
  { model: { api }, trans }: IOpenOptions
): Promise<IOrigin> {
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
    return { form: formOf(recipe ?? {}, {}), source: offer.install };
  }
  return { form: emptyForm() };
}
