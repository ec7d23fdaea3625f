/** The request to Slurm: what is asked for, and what there is. */
import React, { useEffect, useRef } from 'react';

import type { IInventory, IPartition } from '../api';
import { serverTime } from '../clock';
import { ErrorState, Loading, Problems } from '../components/states';
import { useNow } from '../components/hooks';
import { ago, duration, moment } from '../format';
import { useForm } from './context';
import type { ISlurmWord } from './formmodel';
import { gpuCounts } from './gpucounts';
import { LinesInput, TextInput } from './inputs';
import { at, GpuField, MemoryField, OneOf, RESOURCES } from './slurminputs';
import { memoryText, timeText } from './slurmtext';
import { getAt, isObject, textAt } from './tree';
import { partitionsOf } from './validate';

/** Milliseconds between two readings of the free counts; the server keeps them for minutes. */
const COUNTS = 60_000;

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
        kinds={gpuCounts(
          inventory?.nodes ?? [],
          chosen.length ? chosen : (inventory?.partitions ?? [])
        )}
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
  useNow(15_000);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const timer = window.setInterval(() => {
      // A form in a hidden tab has no parent by layout.
      if (!document.hidden && box.current?.offsetParent) {
        void inventory.refresh();
      }
    }, COUNTS);
    return () => window.clearInterval(timer);
  }, [inventory]);
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
    <div className="kk-Offered" ref={box}>
      <p role="status">
        {inventory.loading
          ? trans.__('Asking Slurm what there is…')
          : trans.__(
              'Free counts as of %1.',
              ago(
                inventory.data.taken,
                serverTime(inventory.data.now, inventory.taken),
                trans
              )
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
        {slurmWord && !slurmWord.error && said(slurmWord)}
      </span>
    </div>
  );

  function said({ estimate, words, now }: ISlurmWord): string {
    if (estimate === null) {
      return words || trans.__('Slurm would take it.');
    }
    return estimate <= now + 60
      ? trans.__('A job would start at once.')
      : trans.__('A job would start about %1.', moment(estimate, now));
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
