import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

import { useSignal } from '../components/hooks';
import type { IFieldSpec } from './fieldspec';
import type { IFormModel } from './formmodel';
import type { Path } from './tree';

export interface IFormContext {
  model: IFormModel;
  trans: TranslationBundle;
  /** Begins the ids of one form's elements. */
  prefix: string;
}

export const FormContext = createContext<IFormContext | null>(null);

/** The form that a component stands in; it draws again when that changes. */
export function useForm(): IFormContext {
  const form = useContext(FormContext);
  if (!form) {
    throw new Error('A field stands in a form.');
  }
  useSignal(form.model.changed);
  return form;
}

export function fieldId(prefix: string, path: Path): string {
  return `${prefix}-${path.join('-')}`;
}

/** A key as the schema describes it; one that the server lacks by its name. */
export function specOf(form: IFormContext, path: Path): IFieldSpec {
  return (
    form.model.specs.get(path) ?? {
      path,
      type: 'text',
      label: path[path.length - 1],
      description: '',
      example: '',
      required: false,
      optional: true,
      choices: [],
      suggestions: []
    }
  );
}
