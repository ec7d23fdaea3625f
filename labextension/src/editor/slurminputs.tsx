/** The controls that only a request to Slurm has. */
import { HTMLSelect } from '@jupyterlab/ui-components';
import React, { useState } from 'react';

import { fieldId, useForm } from './context';
import { Field } from './field';
import type { ICount } from './gpucounts';
import { TextInput, type IChoice } from './inputs';
import { gpus, gresText } from './slurmtext';
import { getAt, textAt } from './tree';

export const RESOURCES = ['recipe', 'resources'] as const;

/** The path of one key of the request. */
export function at(key: string): string[] {
  return [...RESOURCES, key];
}

/** A choice of what is known, or what is typed. */
export function OneOf(props: {
  name: string;
  none: string;
  choices: IChoice[];
}): JSX.Element {
  const { model, trans, prefix } = useForm();
  const { name, none, choices } = props;
  const path = at(name);
  const value = textAt(model.values, path);
  const known = choices.some(choice => choice.value === value);
  const [typing, setTyping] = useState(false);
  const [begun, setBegun] = useState(false);
  if (choices.length === 0 || begun) {
    // What is being typed is not cut off when the choices come.
    return (
      <div onInput={() => setBegun(true)} onBlur={() => setBegun(false)}>
        <TextInput path={path} />
      </div>
    );
  }
  const typed = typing || (value !== '' && !known);
  return (
    <Field path={path} group={typed}>
      {control => (
        <>
          <HTMLSelect
            {...control}
            id={typed ? `${control.id}-choice` : control.id}
            aria-labelledby={`${control.id}-label`}
            className="kk-Select"
            value={typed ? OTHER : value}
            onChange={event => {
              const chosen = event.target.value;
              setTyping(chosen === OTHER);
              if (chosen === OTHER) {
                requestAnimationFrame(() =>
                  document.getElementById(fieldId(prefix, path))?.focus()
                );
              } else {
                model.set(path, chosen || undefined);
              }
            }}
          >
            <option value="">{none}</option>
            {choices.map(choice => (
              <option key={choice.value} value={choice.value}>
                {choice.label}
              </option>
            ))}
            <option value={OTHER}>{trans.__('Other…')}</option>
          </HTMLSelect>
          {typed && (
            <input
              {...control}
              className="jp-mod-styled kk-Input"
              aria-labelledby={`${control.id}-label`}
              spellCheck={false}
              value={value}
              onChange={event =>
                model.set(path, event.target.value || undefined)
              }
            />
          )}
        </>
      )}
    </Field>
  );
}

/** No name that Slurm would take. */
const OTHER = '\n';

/** How many GPUs, and of which type; anything else `gres` can say is typed. */
export function GpuField(props: { kinds: Map<string, ICount> }): JSX.Element {
  const { model, trans } = useForm();
  const path = at('gres');
  const text = textAt(model.values, path);
  const { kinds } = props;
  const asked = gpus(text);
  const [plain, setPlain] = useState(false);
  if (plain || (text !== '' && !asked)) {
    return (
      <TextInput path={path} label={trans.__('Generic resources (gres)')} />
    );
  }
  const count = asked?.count ?? 0;
  const kind = asked?.kind ?? '';
  const put = (next: { kind: string; count: number }) =>
    model.set(path, next.count > 0 ? gresText(next) : undefined);
  return (
    <Field path={path} group about={trans.__('On each node.')}>
      {control => (
        <div className="kk-Gpus">
          <input
            {...control}
            className="jp-mod-styled kk-Input kk-mod-short"
            type="number"
            min={0}
            aria-label={trans.__('Number of GPUs')}
            value={count}
            onChange={event => {
              const number = Math.floor(Number(event.target.value));
              put({ kind, count: Number.isFinite(number) ? number : 0 });
            }}
          />
          <HTMLSelect
            className="kk-Select"
            aria-label={trans.__('Type of GPU')}
            value={kind}
            onChange={event =>
              put({ kind: event.target.value, count: Math.max(1, count) })
            }
          >
            <option value="">{trans.__('any type')}</option>
            {kind && !kinds.has(kind) && <option value={kind}>{kind}</option>}
            {[...kinds].map(
              ([name, { free, total }]) =>
                name && (
                  <option key={name} value={name}>
                    {trans.__('%1 (%2 of %3 free)', name, free, total)}
                  </option>
                )
            )}
          </HTMLSelect>
          <button
            type="button"
            className="kk-LinkButton"
            onClick={() => setPlain(true)}
          >
            {trans.__('Write it out')}
          </button>
        </div>
      )}
    </Field>
  );
}

const MEMORY = ['mem', 'mem_per_cpu', 'mem_per_gpu'] as const;

/** One amount, and of what: Slurm takes one of the three only. */
export function MemoryField(): JSX.Element {
  const { model, trans } = useForm();
  const used = MEMORY.find(key => textAt(model.values, at(key)));
  const [chosen, setChosen] = useState<(typeof MEMORY)[number]>(used ?? 'mem');
  const key = used ?? chosen;
  const labels = {
    mem: trans.__('per node'),
    mem_per_cpu: trans.__('per CPU'),
    mem_per_gpu: trans.__('per GPU')
  };
  return (
    <Field path={at(key)} label={trans.__('Memory')} group about="">
      {control => (
        <div className="kk-Gpus">
          <input
            {...control}
            className="jp-mod-styled kk-Input kk-mod-short"
            aria-label={trans.__('Memory %1', labels[key])}
            placeholder={trans.__('such as %1', '16G')}
            spellCheck={false}
            value={textAt(model.values, at(key))}
            onChange={event =>
              model.set(at(key), event.target.value || undefined)
            }
          />
          <HTMLSelect
            className="kk-Select"
            aria-label={trans.__('Memory of what')}
            value={key}
            onChange={event => {
              const next = event.target.value as (typeof MEMORY)[number];
              const value = getAt(model.values, at(key));
              model.set(at(key), undefined);
              model.set(at(next), value);
              setChosen(next);
            }}
          >
            {MEMORY.map(one => (
              <option key={one} value={one}>
                {labels[one]}
              </option>
            ))}
          </HTMLSelect>
        </div>
      )}
    </Field>
  );
}
