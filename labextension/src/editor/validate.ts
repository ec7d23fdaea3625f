/**
 * A Slurm request held against what the cluster offers, while one types.
 *
 * The server's own check (`slurm/requests.py`) decides; this one is for the
 * moment before it answers, and says nothing of what it does not know.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IInventory, IPartition, IProblem, Resources } from '../api';
import {
  gpus,
  isMemory,
  isTime,
  megabytes,
  memoryText,
  seconds,
  timeText
} from './slurmtext';
import { textAt } from './tree';

type Fault = [key: string, message: string];

export function checkRequest(
  resources: Resources,
  inventory: IInventory | null,
  trans: TranslationBundle
): IProblem[] {
  const written = [...formFaults(resources, trans)];
  const found =
    written.length > 0 || !inventory
      ? written
      : [...limitFaults(resources, inventory, trans)];
  return found.map(([key, message]) => ({
    path: ['resources', key],
    message,
    hint: '',
    severity: 'error'
  }));
}

/** The partitions that a request names, or the default one. */
export function partitionsOf(
  resources: Resources,
  inventory: IInventory
): IPartition[] {
  const text = textAt(resources, ['partition']);
  if (!text) {
    return inventory.partitions.filter(partition => partition.is_default);
  }
  const names = text.split(',');
  return inventory.partitions.filter(({ name }) => names.includes(name));
}

function* formFaults(
  resources: Resources,
  trans: TranslationBundle
): Generator<Fault> {
  const time = textAt(resources, ['time']);
  if (time && !isTime(time)) {
    yield [
      'time',
      trans.__('Write minutes, H:MM:SS or D-HH:MM:SS, such as 2:00:00.')
    ];
  }
  const amounts = ['mem', 'mem_per_cpu', 'mem_per_gpu'].filter(key =>
    textAt(resources, [key])
  );
  for (const key of amounts) {
    if (!isMemory(textAt(resources, [key]))) {
      yield [key, trans.__('Write a number with K, M, G or T, such as 16G.')];
    }
  }
  if (amounts.length > 1) {
    yield [
      amounts[1],
      trans.__('Memory is asked per node, per CPU or per GPU: one of them.')
    ];
  }
}

function* limitFaults(
  resources: Resources,
  inventory: IInventory,
  trans: TranslationBundle
): Generator<Fault> {
  const names = inventory.partitions.map(({ name }) => name);
  for (const name of textAt(resources, ['partition']).split(',')) {
    if (name && names.length > 0 && !names.includes(name)) {
      yield [
        'partition',
        trans.__('%1 is no partition that you may use.', name)
      ];
    }
  }
  yield* accountFaults(resources, inventory, trans);
  // A job runs in any one of its partitions, so it must fit into one.
  const against = partitionsOf(resources, inventory).map(partition => [
    ...partitionFaults(resources, partition, trans)
  ]);
  against.sort((a, b) => a.length - b.length);
  yield* against[0] ?? [];
}

function* accountFaults(
  resources: Resources,
  inventory: IInventory,
  trans: TranslationBundle
): Generator<Fault> {
  const mine = inventory.associations;
  const asked = textAt(resources, ['account']).toLowerCase();
  // Slurm stores accounts in lower case and compares them so.
  const same = mine.filter(({ account }) => account.toLowerCase() === asked);
  if (asked && mine.length > 0 && same.length === 0) {
    yield ['account', trans.__('%1 is no account of yours.', asked)];
    return;
  }
  const qos = textAt(resources, ['qos']);
  const used = asked ? same : mine.filter(one => one.is_default);
  const allowed = used.flatMap(one => one.qos ?? []);
  if (qos && allowed.length > 0 && !allowed.includes(qos)) {
    yield ['qos', trans.__('%1 is no QOS of this account.', qos)];
  }
  const limit = inventory.qos.find(({ name }) => name === qos)?.max_time;
  yield* longer(resources, limit ?? null, trans.__('QOS %1', qos), trans);
}

function* partitionFaults(
  resources: Resources,
  partition: IPartition,
  trans: TranslationBundle
): Generator<Fault> {
  const where = trans.__('partition %1', partition.name);
  if (partition.needs_reservation && !textAt(resources, ['reservation'])) {
    yield [
      'reservation',
      trans.__('%1 is for jobs with a reservation.', where)
    ];
  }
  yield* longer(resources, partition.max_time, where, trans);
  const there = Object.values(partition.nodes).reduce((a, b) => a + b, 0);
  if (there === 0) {
    return;
  }
  const nodes = Number(textAt(resources, ['nodes'])) || 1;
  const most = Math.min(partition.max_nodes ?? Infinity, there);
  if (nodes > most) {
    yield ['nodes', trans.__('At most %1 in %2.', most, where)];
  }
  yield* sizeFaults(resources, partition, nodes, where, trans);
  yield* gpuFaults(resources, partition, where, trans);
}

function* sizeFaults(
  resources: Resources,
  partition: IPartition,
  nodes: number,
  where: string,
  trans: TranslationBundle
): Generator<Fault> {
  const cpus = Number(textAt(resources, ['cpus'])) || 1;
  const ntasks = Number(textAt(resources, ['ntasks'])) || nodes;
  const onNode = cpus * Math.ceil(ntasks / nodes);
  const { node_cpus, max_cpus_per_node, node_memory } = partition;
  const mostCpus = Math.min(max_cpus_per_node ?? Infinity, node_cpus);
  if (mostCpus > 0 && onNode > mostCpus) {
    const key = cpus > 1 ? 'cpus' : 'ntasks';
    yield [key, trans.__('A node of %1 has %2 CPUs.', where, mostCpus)];
  }
  const memory = megabytes(textAt(resources, ['mem']));
  const limits = [partition.max_memory_per_node, node_memory].filter(Boolean);
  const largest = Math.min(...(limits as number[]));
  if (memory && limits.length > 0 && memory > largest) {
    yield [
      'mem',
      trans.__('A node of %1 gives %2.', where, memoryText(largest))
    ];
  }
  const each = megabytes(textAt(resources, ['mem_per_cpu']));
  if (each && node_memory && each * onNode > node_memory) {
    const whole = memoryText(each * onNode);
    yield [
      'mem_per_cpu',
      trans.__(
        'That is %1; a node of %2 has %3.',
        whole,
        where,
        memoryText(node_memory)
      )
    ];
  }
}

function* gpuFaults(
  resources: Resources,
  partition: IPartition,
  where: string,
  trans: TranslationBundle
): Generator<Fault> {
  const asked = gpus(textAt(resources, ['gres']));
  if (!asked) {
    return;
  }
  if (partition.gpus.length === 0) {
    yield ['gres', trans.__('There are no GPUs in %1.', where)];
    return;
  }
  const kinds = partition.gpus.filter(
    ({ kind }) => !asked.kind || kind.toLowerCase() === asked.kind.toLowerCase()
  );
  if (kinds.length === 0) {
    yield ['gres', trans.__('There is no GPU %1 in %2.', asked.kind, where)];
    return;
  }
  const most = Math.max(...kinds.map(({ per_node }) => per_node));
  if (asked.count > most) {
    yield ['gres', trans.__('A node of %1 has %2 of them.', where, most)];
  }
}

function* longer(
  resources: Resources,
  limit: number | null,
  where: string,
  trans: TranslationBundle
): Generator<Fault> {
  const asked = seconds(textAt(resources, ['time']));
  if (limit !== null && asked !== null && asked > limit) {
    yield ['time', trans.__('At most %1 in %2.', timeText(limit), where)];
  }
}
