/** Lab's own list of kernels, as its real manager keeps it. */
import type { Event } from '@jupyterlab/services';
import { KernelSpecManager, ServerConnection } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';

import { Events } from '../api';
import { KernelkitModel } from '../model';
import { FakeApi } from './fakeapi';
import { settle, showPage } from './rendering';

const made: { dispose(): void }[] = [];

afterEach(() => {
  showPage(true);
  made.splice(0).forEach(one => one.dispose());
});

async function setUp() {
  const installed = ['first'];
  const server = { asked: 0, answering: Promise.resolve() };
  const get = async () => {
    server.asked++;
    const kernelspecs = Object.fromEntries(installed.map(name => [name, {}]));
    await server.answering;
    return { default: 'first', kernelspecs } as never;
  };
  const serverSettings = ServerConnection.makeSettings();
  const kernelSpecAPIClient = { get, serverSettings };
  const manager = new KernelSpecManager({ kernelSpecAPIClient });
  const stream = new Stream<object, Event.Emission>({});
  const model = new KernelkitModel({
    api: new FakeApi().api,
    events: stream,
    refreshSpecs: () => manager.refreshSpecs()
  });
  made.push(manager, model);
  await manager.ready;
  await settle();
  let serial = 0;
  const install = (name: string) => {
    installed.push(name);
    const event = { action: 'installed', name, serial: ++serial };
    stream.emit({ schema_id: Events.KERNELS, ...event } as Event.Emission);
  };
  const known = () => Object.keys(manager.specs?.kernelspecs ?? {});
  return { server, model, install, known };
}

it('has a kernel that was installed while it was read', async () => {
  const { server, install, known } = await setUp();
  let respond: () => void = () => undefined;
  server.answering = new Promise<void>(resolve => (respond = resolve));
  install('second');
  await settle();
  install('third');
  await settle();
  respond();
  await settle();
  expect(known()).toEqual(['first', 'second', 'third']);
});

it('has what was installed while the page was hidden once it is shown', async () => {
  const { server, install, known } = await setUp();
  showPage(false);
  // Lab's poll takes a moment to notice that nobody looks.
  install('second');
  await settle();
  install('third');
  await settle();
  expect(known()).not.toContain('third');
  showPage(true);
  await settle();
  expect(known()).toEqual(['first', 'second', 'third']);
  const { asked } = server;
  showPage(false);
  showPage(true);
  await settle();
  expect(server.asked).toBe(asked);
});
