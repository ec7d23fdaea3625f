import React, { useCallback } from 'react';

import type { ICatalogQuery, IOffer } from '../api';
import { useForm } from './context';
import { OfferSearch } from './offersearch';

export interface IModuleSearchProps {
  chosen: string[];
  onChoose: (offer: IOffer) => void;
  onClose: () => void;
}

/** All modules, by name and description; a chosen one is not chosen again. */
export function ModuleSearch(props: IModuleSearchProps): JSX.Element {
  const { model, trans } = useForm();
  const find = useCallback(
    (query: ICatalogQuery) => model.api.modules(query),
    [model.api]
  );
  const { chosen, onChoose, onClose } = props;
  return (
    <OfferSearch
      find={find}
      label={trans.__('Search modules by name and description')}
      isChosen={offer => chosen.includes(offer.identity)}
      onChoose={offer => !chosen.includes(offer.identity) && onChoose(offer)}
      onClose={onClose}
    />
  );
}
