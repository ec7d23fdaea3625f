/** A path that is typed, chosen from the catalog or found in the folders. */
import React, { useCallback, useState } from 'react';

import type { ICatalogQuery, IOffer, OfferKind } from '../api';
import { fieldId, useForm } from './context';
import { Field } from './field';
import { FolderBrowser, type Wanted } from './folderbrowser';
import type { IInputProps } from './inputs';
import { OfferSearch } from './offersearch';
import { specOf } from './context';
import { textAt } from './tree';

export type IPathFieldProps = IInputProps & {
  /** What the folders are looked through for; absent where they do not help. */
  wanted?: Wanted;
  /** The part of the catalog to choose from. */
  kind?: OfferKind;
  /** What an offer becomes in the field; its path where not given. */
  textOf?: (offer: IOffer) => string;
};

type Open = 'catalog' | 'folders' | null;

export function PathField(props: IPathFieldProps): JSX.Element {
  const form = useForm();
  const { model, trans, prefix } = form;
  const { path, kind, wanted, textOf = offer => offer.path } = props;
  const [open, setOpen] = useState<Open>(null);
  const spec = specOf(form, path);
  const find = useCallback(
    (query: ICatalogQuery) => model.api.catalog({ ...query, kind }),
    [model.api, kind]
  );
  const value = textAt(model.values, path);
  const close = () => {
    setOpen(null);
    document.getElementById(fieldId(prefix, path))?.focus();
  };
  const choose = (text: string) => {
    model.set(path, text);
    close();
  };
  const toggle = (which: Open, label: string) => (
    <button
      type="button"
      className="jp-mod-styled kk-Button"
      aria-expanded={open === which}
      onClick={() => setOpen(open === which ? null : which)}
    >
      {label}
    </button>
  );
  return (
    <Field {...props}>
      {control => (
        <>
          <div className="kk-PathField">
            <input
              {...control}
              className="jp-mod-styled kk-Input"
              type="text"
              spellCheck={false}
              autoComplete="off"
              placeholder={spec.example && trans.__('such as %1', spec.example)}
              value={value}
              onChange={event =>
                model.set(path, event.target.value || undefined)
              }
            />
            {kind && toggle('catalog', trans.__('Catalog…'))}
            {wanted && toggle('folders', trans.__('Folders…'))}
          </div>
          {open === 'catalog' && kind && (
            <OfferSearch
              find={find}
              label={trans.__('Search the catalog')}
              isChosen={offer => textOf(offer) === value}
              onChoose={offer => choose(textOf(offer))}
              onClose={close}
            />
          )}
          {open === 'folders' && wanted && (
            <FolderBrowser
              wanted={wanted}
              start={folderOf(value)}
              onChoose={choose}
              onClose={close}
            />
          )}
        </>
      )}
    </Field>
  );
}

/** Where to begin: the folder of what is typed already. */
function folderOf(path: string): string {
  const isPath = path.startsWith('/') || path.startsWith('~/');
  return isPath ? path.replace(/\/[^/]*$/, '') || '/' : '~';
}
