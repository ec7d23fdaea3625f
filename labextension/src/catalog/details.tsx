import type { PartialJSONObject } from '@lumino/coreutils';
import React, { useEffect, useState } from 'react';

import { ApiError, type IOfferInfo } from '../api';
import { Facts } from '../components/facts';
import { ErrorState, Loading } from '../components/states';
import { Words } from '../components/words';
import { CommandIDs } from '../tokens';
import type { IOfferRowProps } from './row';

export interface IOfferDetailsProps extends IOfferRowProps {
  args: PartialJSONObject;
}

const INSTALLS: string[] = [
  CommandIDs.installOffer,
  CommandIDs.installOfferForSlurm
];

/** What is known of an offer before it is installed. */
export function OfferDetails(props: IOfferDetailsProps): JSX.Element {
  const { offer, api, trans } = props;
  const [info, setInfo] = useState<IOfferInfo | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);

  useEffect(() => {
    let wanted = true;
    setError(null);
    api.offerInfo(offer.identity).then(
      answer => wanted && setInfo(answer),
      refused => wanted && setError(ApiError.of(refused))
    );
    return () => {
      wanted = false;
    };
  }, [api, offer.identity, round]);

  return (
    <div className="kk-Details">
      {offer.description && <p>{offer.description}</p>}
      <OfferActions {...props} />
      {error && (
        <ErrorState
          error={error}
          onRetry={() => setRound(round + 1)}
          trans={trans}
        />
      )}
      {!info && !error && <Loading label={trans.__('Reading…')} />}
      {info && <OfferFacts {...props} info={info} />}
    </div>
  );
}

function OfferFacts(
  props: IOfferDetailsProps & { info: IOfferInfo }
): JSX.Element {
  const { offer, info, trans } = props;
  const needs = offer.needs.map(names => names.join(' + ')).join(', ');
  const { verified } = offer;
  const facts: [string, string][] = [
    [trans.__('Layers'), info.layers.join('; ')],
    [
      trans.__('Loaded first'),
      offer.needs.length > 1 ? trans.__('one of %1', needs) : needs
    ],
    [
      trans.__('Verified'),
      verified ? `${verified.against}, ${verified.on}` : ''
    ],
    [trans.__('Installed as'), offer.installed ?? ''],
    [trans.__('From'), offer.path]
  ];
  return (
    <>
      <Facts facts={facts} />
      {info.troubleshoot && (
        <p className="kk-Fine kk-mod-lines">
          <Words text={info.troubleshoot} />
        </p>
      )}
    </>
  );
}

function OfferActions(props: IOfferDetailsProps): JSX.Element {
  const { offer, task, args, commands, trans } = props;
  const shown = [...INSTALLS, CommandIDs.createFromOffer].filter(
    id => commands.hasCommand(id) && commands.isVisible(id, args)
  );
  const blocked = task !== undefined || offer.missing.length > 0;
  return (
    <div className="kk-Actions">
      {shown.map(id => (
        <button
          key={id}
          type="button"
          className="kk-LinkButton"
          data-kk-stop
          tabIndex={-1}
          aria-disabled={INSTALLS.includes(id) && blocked}
          onClick={() => {
            if (!INSTALLS.includes(id) || !blocked) {
              void commands.execute(id, args);
            }
          }}
        >
          {commands.label(id, { ...args, inMenu: true })}
        </button>
      ))}
      {offer.missing.length > 0 && (
        <p className="kk-Fine">
          {trans.__(
            'It needs modules that this machine does not have: %1. With changes it can be made of others.',
            offer.missing.join(', ')
          )}
        </p>
      )}
    </div>
  );
}
