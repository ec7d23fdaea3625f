import { trans } from '../../__tests__/rendering';
import type { Resources } from '../../api';
import { checkRequest } from '../validate';
import { inventory, partition } from './schemas';

function fields(resources: Resources, offered = inventory()): string[] {
  return checkRequest(resources, offered, trans).map(one => one.path[1]);
}

it('finds nothing in an empty request', () => {
  expect(fields({})).toEqual([]);
});

it('looks at the writing before anything is known of the cluster', () => {
  const found = checkRequest({ time: 'long', mem: '1.5G' }, null, trans);
  expect(found.map(one => one.path)).toEqual([
    ['resources', 'time'],
    ['resources', 'mem']
  ]);
});

it('takes memory of one kind only', () => {
  expect(fields({ mem: '1G', mem_per_cpu: '1G' })).toEqual(['mem_per_cpu']);
});

it('holds a request against the default partition', () => {
  expect(fields({ time: '2-0' })).toEqual(['time']);
  expect(fields({ time: '1-0' })).toEqual([]);
  expect(fields({ cpus: 9 })).toEqual(['cpus']);
  expect(fields({ cpus: 2, ntasks: 5 })).toEqual(['cpus']);
  expect(fields({ mem: '33G' })).toEqual(['mem']);
  expect(fields({ mem_per_cpu: '8G', cpus: 5 })).toEqual(['mem_per_cpu']);
  expect(fields({ nodes: 3 })).toEqual(['nodes']);
});

it('knows which GPUs are where', () => {
  expect(fields({ gres: 'gpu:1' })).toEqual(['gres']);
  expect(fields({ gres: 'gpu:1', partition: 'gpu' })).toEqual([]);
  expect(fields({ gres: 'gpu:A100:4', partition: 'gpu' })).toEqual([]);
  expect(fields({ gres: 'gpu:a100:5', partition: 'gpu' })).toEqual(['gres']);
  expect(fields({ gres: 'gpu:h100:1', partition: 'gpu' })).toEqual(['gres']);
  expect(fields({ gres: 'gpu:1', partition: 'cpu,gpu' })).toEqual([]);
});

it('refuses a partition that is not offered', () => {
  expect(fields({ partition: 'debug' })).toEqual(['partition']);
});

it('says nothing of what is not known', () => {
  const empty = inventory({ partitions: [] });
  expect(fields({ partition: 'debug', time: '99-0', cpus: 99 }, empty)).toEqual(
    []
  );
  const noNodes = inventory({ partitions: [partition({ nodes: {} })] });
  expect(fields({ cpus: 99, mem: '99T' }, noNodes)).toEqual([]);
});

it('knows the accounts and QOS of this user', () => {
  const association = {
    account: 'physics',
    partition: '',
    qos: ['normal'],
    default_qos: '',
    is_default: true,
    max_time: null
  };
  const mine = inventory({
    associations: [association],
    qos: [{ name: 'normal', max_time: 3600 }]
  });
  expect(fields({ account: 'PHYSICS', qos: 'normal' }, mine)).toEqual([]);
  expect(fields({ account: 'chemistry' }, mine)).toEqual(['account']);
  expect(fields({ qos: 'high' }, mine)).toEqual(['qos']);
  expect(fields({ qos: 'normal', time: '2:00:00' }, mine)).toEqual(['time']);
});
