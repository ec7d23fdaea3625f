/** A search of the catalog within a form: rows are chosen, not installed. */
import { checkIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useRef, useState } from 'react';

import type { ApiError, ICatalog, ICatalogQuery, IOffer } from '../api';
import { AskAgain } from '../catalog/askagain';
import { SearchBox } from '../components/searchbox';
import {
  EmptyState,
  ErrorState,
  Loading,
  Problems
} from '../components/states';
import {
  VirtualList,
  type IVirtualListHandle
} from '../components/virtuallist';
import { useForm } from './context';
import { asApiError } from './errors';
import { Latest } from './latest';

/** Rows that one request brings, and the most that the server gives. */
const PAGE = 200;
const MOST = 1000;
const ROW_HEIGHT = 44;
const LIST_HEIGHT = 280;

interface IFound {
  items: IOffer[];
  total: number;
  taken: number;
  reading: boolean;
  problems: string[];
}

export interface IOfferSearchProps {
  /** Asks the server; the same function as long as it asks the same. */
  find: (query: ICatalogQuery) => Promise<ICatalog>;
  label: string;
  /** What marks a row as chosen. */
  isChosen: (offer: IOffer) => boolean;
  onChoose: (offer: IOffer) => void;
  /** Escape, where the search is empty. */
  onClose: () => void;
}

export function OfferSearch(props: IOfferSearchProps): JSX.Element {
  const { trans } = useForm();
  const { find, label, isChosen, onChoose, onClose } = props;
  const [words, setWords] = useState('');
  const [found, setFound] = useState<IFound | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [tries, setTries] = useState(0);
  const list = useRef<IVirtualListHandle>(null);
  const box = useRef<HTMLDivElement>(null);

  // How many of the present search are shown.
  const shown = useRef(0);
  useEffect(() => box.current?.querySelector('input')?.focus(), []);
  useEffect(() => {
    shown.current = 0;
  }, [words, find]);
  useEffect(() => {
    const latest = new Latest({
      work: () => {
        const limit = Math.min(MOST, Math.max(PAGE, shown.current));
        return find({ q: words, limit });
      },
      answered: answer => {
        shown.current = answer.items.length;
        setFound(answer);
        setError(null);
        again.answered(answer);
      },
      failed: reason => {
        setError(asApiError(reason));
        again.failed();
      },
      delay: words ? 150 : 0
    });
    const again = new AskAgain(() => latest.ask(0));
    latest.ask();
    return () => {
      latest.cancel();
      again.stop();
    };
  }, [words, tries, find]);

  // What is being read on from; a newer search does not wait for that.
  const more = useRef<IFound | null>(null);
  const readMore = async () => {
    if (!found || more.current === found || found.items.length >= found.total) {
      return;
    }
    more.current = found;
    try {
      const offset = found.items.length;
      const next = await find({ q: words, limit: PAGE, offset });
      if (more.current !== found) {
        return;
      }
      setFound(now =>
        // A newer search took its place.
        now === found ? { ...next, items: [...now.items, ...next.items] } : now
      );
      shown.current = offset + next.items.length;
      if (next.taken !== found.taken) {
        // Pages of two readings do not fit together.
        setTries(count => count + 1);
      }
    } catch (reason) {
      setError(asApiError(reason));
    } finally {
      if (more.current === found) {
        more.current = null;
      }
    }
  };

  return (
    <div
      className="kk-OfferSearch"
      ref={box}
      onKeyDown={event => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <SearchBox
        label={label}
        value={words}
        onChange={setWords}
        onLeave={() => list.current?.focus()}
      />
      <p className="kk-OfferSearch-count" role="status">
        {found && trans._n('%1 match', '%1 matches', found.total)}
      </p>
      {error && (
        <ErrorState
          error={error}
          onRetry={() => setTries(tries + 1)}
          trans={trans}
        />
      )}
      {!found && !error && <Loading label={trans.__('Reading the catalog…')} />}
      {found?.reading && (
        <Loading label={trans.__('The modules are read for the first time…')} />
      )}
      {found && <Problems problems={found.problems} />}
      {found && found.items.length === 0 && !found.reading && (
        <EmptyState
          title={trans.__('Nothing matches.')}
          text={trans.__('Search with fewer or other words.')}
        />
      )}
      {found && found.items.length > 0 && (
        <div
          className="kk-OfferSearch-list"
          style={{
            height: Math.min(LIST_HEIGHT, found.total * 1.4 * ROW_HEIGHT)
          }}
        >
          <VirtualList
            label={label}
            items={found.items}
            total={found.total}
            keyOf={offer => `${offer.kind} ${offer.identity} ${offer.path}`}
            estimate={() => ROW_HEIGHT}
            onEnd={() => void readMore()}
            handle={list}
            render={offer => (
              <OfferRow
                offer={offer}
                chosen={isChosen(offer)}
                onChoose={() => onChoose(offer)}
              />
            )}
          />
        </div>
      )}
    </div>
  );
}

function OfferRow(props: {
  offer: IOffer;
  chosen: boolean;
  onChoose: () => void;
}): JSX.Element {
  const { trans } = useForm();
  const { offer, chosen, onChoose } = props;
  const needs = offer.needs.map(way => way.join(' + ')).join(trans.__(' or '));
  return (
    <button
      type="button"
      className="kk-OfferRow"
      data-kk-stop
      tabIndex={-1}
      aria-pressed={chosen}
      onClick={onChoose}
    >
      <span className="kk-OfferRow-head">
        <span className="kk-OfferRow-name">{offer.identity}</span>
        {offer.default && (
          <span className="kk-OfferRow-mark">{trans.__('default')}</span>
        )}
        {chosen && (
          <span className="kk-OfferRow-mark">
            <checkIcon.react tag="span" aria-hidden="true" />
            {trans.__('chosen')}
          </span>
        )}
      </span>
      <span className="kk-OfferRow-about">
        {needs && <>{trans.__('after %1', needs)} · </>}
        {offer.description || offer.path}
      </span>
    </button>
  );
}
