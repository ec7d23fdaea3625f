/** JupyterLab, as far as the commands of runs need it. */
import { CommandRegistry } from '@lumino/commands';
import { Panel, Widget } from '@lumino/widgets';

import { FakeApi } from '../../__tests__/fakeapi';
import { trans } from '../../__tests__/rendering';
import { Resource } from '../../resource';
import type { IJobsContext } from '../commands';

interface ISession {
  path: string;
  kernel: { id: string } | null;
}

/** JupyterLab as far as kernels are opened in it; what is done is recorded. */
export function lab(sessions: ISession[] = []) {
  const fake = new FakeApi();
  const done: string[] = [];
  const widgets: Widget[] = [];
  const main = new Panel();
  const commands = new CommandRegistry();
  commands.addCommand('docmanager:new-untitled', {
    execute: ({ path }) => {
      done.push(`new in ${path || '/'}`);
      return { path: [path, 'Untitled.ipynb'].filter(Boolean).join('/') };
    }
  });
  // A listing takes some time.
  commands.addCommand('filebrowser:refresh', {
    execute: async () => {
      await new Promise(resolve => setTimeout(resolve, 5));
      done.push('listed');
    }
  });
  commands.addCommand('docmanager:open', {
    execute: ({ path }) => void done.push(`open ${path}`)
  });
  commands.addCommand('console:create', {
    execute: ({ basePath }) => void done.push(`console in ${basePath}`)
  });
  const app = {
    commands,
    serviceManager: {
      kernels: { refreshRunning: async () => undefined },
      contents: {
        delete: async (path: string) => void done.push(`delete ${path}`)
      },
      sessions: {
        refreshRunning: async () => undefined,
        running: () => sessions.values(),
        startNew: async ({ path, kernel }: ISession) => {
          done.push(`${path} on ${kernel?.id}`);
          return { kernel, dispose: () => undefined };
        }
      }
    },
    shell: {
      currentWidget: null,
      widgets: (area: string) => (area === 'main' ? widgets.values() : []),
      add: (widget: Widget) => {
        main.addWidget(widget);
        done.push(`add ${widget.title.label}`);
      },
      activateById: () => undefined
    }
  };
  const jobs = new Resource(() => fake.api.jobs());
  const model = { api: fake.api, jobs };
  const context = { app, model, trans, cwd: () => 'here' };
  return {
    context: context as unknown as IJobsContext,
    fake,
    done,
    widgets,
    main
  };
}

/** A notebook that is open. */
export function notebook(path: string, done: string[]): Widget {
  const sessionContext = {
    path,
    session: null,
    changeKernel: async ({ id }: { id: string }) =>
      void done.push(`${path} changed to ${id}`)
  };
  return Object.assign(new Widget(), { sessionContext });
}
