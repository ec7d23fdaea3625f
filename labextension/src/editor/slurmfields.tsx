/** The request to Slurm: what is asked for, and what there is. */
import { HTMLSelect } from '@jupyterlab/ui-components';
import React, { useState } from 'react';

import type { IInventory, IPartition } from '../api';
import { ErrorState, Loading, Problems } from '../components/states';
import { useNow } from '../components/hooks';
import { ago, duration, moment } from '../format';
import { fieldId, useForm } from './context';
import { Field } from './field';
import { LinesInput, TextInput, type IChoice } from './inputs';
import { gpus, gresText, memoryText, timeText } from './slurmtext';
import { getAt, isObject, textAt } from './tree';
import { partitionsOf } from './validate';

const RESOURCES = ['recipe', 'resources'] as const;

function at(key: string): string[] {
  return [...RESOURCES, key];
}

export function SlurmFields(): JSX.Element {
  const { model, trans } = useForm();
  const inventory = model.inventory.data;
  const asked = getAt(model.values, RESOURCES);
  const resources = isObject(asked) ? asked : {};
  const chosen = inventory ? partitionsOf(resources, inventory) : [];
  const limit = limitOf(chosen, trans.__('Minutes, H:MM:SS or D-HH:MM:SS.'));
  return (
    <div className="kk-SlurmFields">
      <Offered />
      <OneOf
        name="partition"
        none={
          chosen.length > 0 && !resources.partition
            ? trans.__(
                'The default: %1 – %2',
                chosen[0].name,
                inWords(chosen[0])
              )
            : trans.__('The default')
        }
        choices={(inventory?.partitions ?? []).map(partition => ({
          value: partition.name,
          label: `${partition.name} – ${inWords(partition)}`
        }))}
      />
      <GpuField
        partitions={chosen.length ? chosen : (inventory?.partitions ?? [])}
      />
      <div className="kk-Columns">
        <TextInput
          path={at('time')}
          about={limit}
          placeholder={defaultTime(chosen)}
        />
        <TextInput
          path={at('cpus')}
          about={trans.__('For each task; 1 if left out.')}
        />
        <MemoryField />
      </div>
      <SlurmCheck />
      <MoreSlurm inventory={inventory} chosen={chosen} />
    </div>
  );

  function inWords(partition: IPartition): string {
    const { gpus: kinds, cpus, cpus_idle, max_time, state } = partition;
    const words = [trans.__('%1 of %2 CPUs free', cpus_idle, cpus)];
    for (const { kind, free, total } of kinds) {
      const name = kind || trans.__('GPUs');
      words.unshift(trans.__('%1 of %2 %3 free', free, total, name));
    }
    if (max_time !== null) {
      words.push(trans.__('up to %1', duration(max_time, trans)));
    }
    if (state !== 'UP') {
      words.unshift(trans.__('starts no jobs now (%1)', state));
    }
    return words.join(', ');
  }

  function limitOf(partitions: IPartition[], form: string): string {
    const limits = partitions.map(({ max_time }) => max_time);
    if (limits.length === 0 || limits.includes(null)) {
      return form;
    }
    const most = Math.max(...(limits as number[]));
    return `${form} ${trans.__('At most %1.', timeText(most))}`;
  }

  function defaultTime(partitions: IPartition[]): string | undefined {
    const time = partitions[0]?.default_time ?? null;
    return time === null ? undefined : trans.__('default %1', timeText(time));
  }
}

/** When the counts were taken, what could not be asked, and a button. */
function Offered(): JSX.Element {
  const { model, trans } = useForm();
  const { inventory } = model;
  const now = useNow(15_000);
  if (!inventory.data) {
    return inventory.error ? (
      <ErrorState
        error={inventory.error}
        onRetry={() => model.refreshInventory()}
        trans={trans}
      />
    ) : (
      <Loading label={trans.__('Asking Slurm what there is…')} />
    );
  }
  return (
    <div className="kk-Offered">
      <p role="status">
        {inventory.loading
          ? trans.__('Asking Slurm what there is…')
          : trans.__(
              'Free counts as of %1.',
              ago(inventory.data.taken, now, trans)
            )}
        {inventory.error && ` ${inventory.error.message}`}
      </p>
      <button
        type="button"
        className="kk-LinkButton"
        onClick={() => model.refreshInventory()}
      >
        {trans.__('Refresh')}
      </button>
      <Problems problems={inventory.data.problems} />
    </div>
  );
}

/** A choice of what is known, or what is typed. */
function OneOf(props: {
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
  if (choices.length === 0) {
    return <TextInput path={path} />;
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
function GpuField(props: { partitions: IPartition[] }): JSX.Element {
  const { model, trans } = useForm();
  const path = at('gres');
  const text = textAt(model.values, path);
  const kinds = new Map<string, { free: number; total: number }>();
  for (const { kind, free, total } of props.partitions.flatMap(
    one => one.gpus
  )) {
    const sum = kinds.get(kind) ?? { free: 0, total: 0 };
    kinds.set(kind, { free: sum.free + free, total: sum.total + total });
  }
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
function MemoryField(): JSX.Element {
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

/** Slurm's own word, which also knows the queue: asked by a button only. */
function SlurmCheck(): JSX.Element {
  const { model, trans } = useForm();
  const { slurmWord, slurmPending } = model;
  return (
    <div className="kk-SlurmCheck">
      <button
        type="button"
        className="jp-mod-styled kk-Button"
        aria-disabled={slurmPending || undefined}
        onClick={() => !slurmPending && model.askSlurm()}
      >
        {trans.__('Check with Slurm')}
      </button>
      <span role="status">
        {slurmPending && trans.__('Asking Slurm…')}
        {slurmWord?.error}
        {slurmWord &&
          !slurmWord.error &&
          said(slurmWord.estimate, slurmWord.words)}
      </span>
    </div>
  );

  function said(estimate: number | null, words: string): string {
    if (estimate === null) {
      return words || trans.__('Slurm would take it.');
    }
    return estimate * 1000 <= Date.now() + 60_000
      ? trans.__('A job would start at once.')
      : trans.__('A job would start about %1.', moment(estimate));
  }
}

/** What most requests leave out; open where something of it is asked. */
function MoreSlurm(props: {
  inventory: IInventory | null;
  chosen: IPartition[];
}): JSX.Element {
  const { model, trans } = useForm();
  const { inventory, chosen } = props;
  const keys = [
    'account', 'qos', 'constraint', 'reservation', 'nodes', 'ntasks', 'extra'
  ]; // prettier-ignore
  const used = keys.some(key => getAt(model.values, at(key)) !== undefined);
  const account = textAt(model.values, at('account'));
  const mine = inventory?.associations ?? [];
  const accounts = [...new Set(mine.map(one => one.account))];
  const usual = mine.find(one => one.is_default)?.account;
  const qos = mine
    .filter(one => (account || usual) === one.account)
    .flatMap(one => one.qos ?? []);
  const largest = Math.max(0, ...chosen.map(({ node_memory }) => node_memory));
  const cpus = Math.max(0, ...chosen.map(({ node_cpus }) => node_cpus));
  return (
    <details className="kk-More" open={used || undefined}>
      <summary>{trans.__('Account, nodes and more')}</summary>
      <div className="kk-Columns">
        <OneOf
          name="account"
          none={
            usual ? trans.__('The default: %1', usual) : trans.__('The default')
          }
          choices={accounts.map(name => ({ value: name, label: name }))}
        />
        <OneOf
          name="qos"
          none={trans.__('The default')}
          choices={[...new Set(qos)].map(name => ({
            value: name,
            label: name
          }))}
        />
        <OneOf
          name="reservation"
          none={trans.__('None')}
          choices={(inventory?.reservations ?? [])
            .filter(({ is_ours }) => is_ours)
            .map(({ name }) => ({ value: name, label: name }))}
        />
        <TextInput
          path={at('constraint')}
          suggestions={[...new Set(chosen.flatMap(one => one.features))]}
        />
        <TextInput
          path={at('nodes')}
          about={
            cpus
              ? trans.__(
                  'A node has up to %1 CPUs and %2.',
                  cpus,
                  memoryText(largest)
                )
              : undefined
          }
        />
        <TextInput path={at('ntasks')} />
      </div>
      <LinesInput path={at('extra')} />
    </details>
  );
}
