/** The modules of a kernel: what is chosen, in order, and what that comes to. */
import {
  addIcon,
  caretDownIcon,
  caretUpIcon,
  closeIcon
} from '@jupyterlab/ui-components';
import React, { useEffect, useRef, useState } from 'react';

import type { IOffer, IResolution } from '../api';
import { attentionIcon } from '../icons';
import { useForm } from './context';
import { Field } from './field';
import { Latest } from './latest';
import { ModuleSearch } from './modulesearch';
import { ProblemWords } from './problemwords';
import { moved, prerequisites } from './reorder';
import { listAt, textAt } from './tree';

const LOAD = ['recipe', 'modules', 'load'] as const;
const COLLECTION = ['recipe', 'modules', 'collection'] as const;

export function ModuleField(): JSX.Element {
  const { model, trans, prefix } = useForm();
  const [open, setOpen] = useState(false);
  const [waiting, setWaiting] = useState<IOffer | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const modules = listAt(model.values, LOAD);
  const resolution = useResolution(modules);
  const put = (next: string[]) =>
    model.set(LOAD, next.length > 0 ? next : undefined);

  const choose = (offer: IOffer, before: string[] = []) => {
    const loaded = [
      ...modules,
      ...(resolution?.loads ?? []).map(one => one.name)
    ];
    const needed = prerequisites(offer.needs, loaded);
    if (needed.length > 1 && before.length === 0) {
      // More than one way: which, is for the user to say.
      setWaiting(offer);
      return;
    }
    const first = before.length > 0 ? before : (needed[0] ?? []);
    setWaiting(null);
    put([...modules, ...first, offer.identity]);
  };
  const move = (from: number, to: number, focus: string) => {
    put(moved(modules, from, to));
    // The row was drawn elsewhere: the focus goes along.
    requestAnimationFrame(() =>
      list.current
        ?.querySelector<HTMLElement>(`[data-row="${to}"] [data-do="${focus}"]`)
        ?.focus()
    );
  };
  const remove = (index: number) => {
    put(modules.filter((_, other) => other !== index));
    requestAnimationFrame(() => {
      const next = Math.min(index, modules.length - 2);
      const to = list.current?.querySelector<HTMLElement>(
        `[data-row="${next}"] [data-do="remove"]`
      );
      (to ?? document.getElementById(`${prefix}-${LOAD.join('-')}`))?.focus();
    });
  };

  return (
    <Field path={LOAD} group required={!textAt(model.values, COLLECTION)}>
      {control => (
        <>
          {modules.length > 0 && (
            <ol
              className="kk-Modules"
              ref={list}
              aria-label={trans.__('Modules, in the order they are loaded')}
            >
              {modules.map((name, index) => (
                <ModuleRow
                  key={`${name} ${index}`}
                  name={name}
                  index={index}
                  count={modules.length}
                  onMove={move}
                  onRemove={remove}
                />
              ))}
            </ol>
          )}
          <Outcome resolution={resolution} asked={modules} />
          <button
            type="button"
            id={control.id}
            className="jp-mod-styled kk-Button"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            {!open && <addIcon.react tag="span" aria-hidden="true" />}
            {open ? trans.__('Close the list') : trans.__('Add modules…')}
          </button>
          {waiting && (
            <Ways
              offer={waiting}
              ways={prerequisites(waiting.needs, modules)}
              onChoose={way => choose(waiting, way)}
              onCancel={() => setWaiting(null)}
            />
          )}
          {open && (
            <ModuleSearch
              chosen={modules}
              onChoose={offer => choose(offer)}
              onClose={() => {
                setOpen(false);
                document.getElementById(control.id)?.focus();
              }}
            />
          )}
        </>
      )}
    </Field>
  );
}

/** What loading them comes to; asked once they have been still. */
function useResolution(modules: string[]): IResolution | null {
  const { model } = useForm();
  const [answer, setAnswer] = useState<IResolution | null>(null);
  const key = JSON.stringify([
    modules,
    listAt(model.values, ['recipe', 'modules', 'use']),
    textAt(model.values, ['recipe', 'modules', 'baseline']),
    textAt(model.values, COLLECTION)
  ]);
  useEffect(() => {
    setAnswer(null);
    const [load, use, baseline, collection] = JSON.parse(key);
    if (load.length === 0 && !collection) {
      return;
    }
    const latest = new Latest({
      work: () =>
        model.api.resolveModules(
          load,
          use.filter(Boolean),
          baseline || undefined,
          collection || undefined
        ),
      answered: setAnswer,
      // The check of the whole form tells what is wrong with the server.
      failed: () => setAnswer(null),
      delay: 400
    });
    latest.ask();
    return () => latest.cancel();
  }, [key, model.api]);
  return answer;
}

interface IModuleRowProps {
  name: string;
  index: number;
  count: number;
  onMove: (from: number, to: number, focus: string) => void;
  onRemove: (index: number) => void;
}

function ModuleRow(props: IModuleRowProps): JSX.Element {
  const { trans } = useForm();
  const { name, index, count, onMove, onRemove } = props;
  const button = (
    what: string,
    Icon: typeof closeIcon,
    label: string,
    act: () => void,
    disabled = false
  ) => (
    <button
      type="button"
      className="kk-IconButton"
      data-do={what}
      aria-label={label}
      aria-disabled={disabled || undefined}
      title={label}
      onClick={() => !disabled && act()}
    >
      <Icon.react tag="span" aria-hidden="true" />
    </button>
  );
  return (
    <li
      className="kk-Modules-row"
      data-row={index}
      draggable
      onDragStart={event => {
        event.dataTransfer.setData(DRAGGED, String(index));
        event.dataTransfer.effectAllowed = 'move';
      }}
      onDragOver={event => {
        if (event.dataTransfer.types.includes(DRAGGED)) {
          event.preventDefault();
        }
      }}
      onDrop={event => {
        event.preventDefault();
        onMove(Number(event.dataTransfer.getData(DRAGGED)), index, 'remove');
      }}
    >
      <span className="kk-Modules-name">{name}</span>
      {button(
        'up',
        caretUpIcon,
        trans.__('Load %1 earlier', name),
        () => onMove(index, index - 1, 'up'),
        index === 0
      )}
      {button(
        'down',
        caretDownIcon,
        trans.__('Load %1 later', name),
        () => onMove(index, index + 1, 'down'),
        index === count - 1
      )}
      {button('remove', closeIcon, trans.__('Remove %1', name), () =>
        onRemove(index)
      )}
    </li>
  );
}

const DRAGGED = 'application/x-kernelkit-module';

/** What comes along, what another name stands for, and what fails. */
function Outcome(props: {
  resolution: IResolution | null;
  asked: string[];
}): JSX.Element {
  const { model, trans } = useForm();
  const { resolution, asked } = props;
  // Until the check of the whole form says the same below the field.
  const told = model.problemsAt(LOAD).map(({ message }) => message);
  const problems =
    resolution?.problems.filter(({ message }) => !told.includes(message)) ?? [];
  const collection = textAt(model.values, COLLECTION);
  const swapped = resolution?.swapped ?? [];
  const named = new Set([...asked, ...swapped.map(([, full]) => full)]);
  const loads = resolution?.loads ?? [];
  const added = loads.filter(load => !load.asked);
  const saved = loads.filter(load => load.asked && !named.has(load.name));
  return (
    <div className="kk-Outcome" role="status">
      {(asked.length > 0 || collection) && !resolution && (
        <p>{trans.__('Trying the modules…')}</p>
      )}
      {added.length > 0 && (
        <p>
          {trans.__('Loaded along with them:')}{' '}
          {added.map(({ name }) => name).join(', ')}
        </p>
      )}
      {collection && saved.length > 0 && (
        <p>
          {trans.__('The collection %1 loads:', collection)}{' '}
          {saved.map(({ name }) => name).join(', ')}
        </p>
      )}
      {swapped.map(([from, to]) => (
        <p key={from}>{trans.__('%1 is %2 here.', from, to)}</p>
      ))}
      {resolution?.taken_out.map(([gone, by]) => (
        <p key={gone}>
          {trans.__('%1 takes out %2, which is loaded first.', by, gone)}
        </p>
      ))}
      {problems.map(({ message, detail, hint }) => (
        <div className="kk-Outcome-problem kk-mod-error" key={message}>
          <attentionIcon.react tag="span" aria-hidden="true" />
          <ProblemWords message={message} detail={detail} hint={hint} />
        </div>
      ))}
    </div>
  );
}

/** A module that several combinations make available: which one? */
function Ways(props: {
  offer: IOffer;
  ways: string[][];
  onChoose: (way: string[]) => void;
  onCancel: () => void;
}): JSX.Element {
  const { trans } = useForm();
  const { offer, ways, onChoose, onCancel } = props;
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), [offer]);
  return (
    <div
      className="kk-Ways"
      role="group"
      aria-label={trans.__('Needed by %1', offer.identity)}
    >
      <p>{trans.__('%1 is there after one of these:', offer.identity)}</p>
      <div className="kk-Actions">
        {ways.map((way, index) => (
          <button
            key={way.join()}
            ref={index === 0 ? first : undefined}
            type="button"
            className="jp-mod-styled kk-Button"
            onClick={() => onChoose(way)}
          >
            {way.join(' + ')}
          </button>
        ))}
        <button type="button" className="kk-LinkButton" onClick={onCancel}>
          {trans.__('Neither')}
        </button>
      </div>
    </div>
  );
}
