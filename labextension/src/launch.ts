/** Opening what a kernel is used from. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { Kernel } from '@jupyterlab/services';
import type { Widget } from '@lumino/widgets';

export interface IOpenRequest {
  kernelId: string;
  kernelName: string;
  type?: 'notebook' | 'console';
  /** The folder of a new notebook or console. */
  cwd?: string;
  /** A notebook that exists, to be opened on this kernel. */
  path?: string;
}

/** Open a notebook or a console on a kernel that the server has already. */
export async function openOnKernel(
  app: JupyterFrontEnd,
  request: IOpenRequest
): Promise<void> {
  const { commands } = app;
  const { kernelId, kernelName, cwd } = request;
  if (request.type === 'console') {
    await commands.execute('console:create', {
      kernelPreference: { id: kernelId, name: kernelName },
      basePath: cwd ?? '',
      activate: true
    });
    return;
  }
  let path = request.path;
  if (!path?.endsWith('.ipynb')) {
    const made = await commands.execute('docmanager:new-untitled', {
      path: cwd ?? '',
      type: 'notebook'
    });
    path = made.path as string;
  }
  await startSession(app, path, kernelId);
  await commands.execute('docmanager:open', { path, factory: 'Notebook' });
}

/**
 * Have the session of a notebook before it is opened, which then finds it.
 *
 * Opened with the id of a kernel, JupyterLab 4.6 starts two sessions on it and
 * shuts one of them down, and the kernel with it.
 */
async function startSession(
  app: JupyterFrontEnd,
  path: string,
  kernelId: string
): Promise<void> {
  const kernel: Partial<Kernel.IModel> = { id: kernelId };
  const session = await app.serviceManager.sessions.startNew({
    path,
    name: PathExt.basename(path),
    type: 'notebook',
    kernel
  });
  if (session.kernel?.id !== kernelId) {
    await session.changeKernel(kernel);
  }
  // The connection alone; the session goes on.
  session.dispose();
}

/** The session of a document or console; null for any other widget. */
export function sessionContextOf(
  widget: Widget | null
): ISessionContext | null {
  const holder = widget as unknown as {
    sessionContext?: ISessionContext;
    context?: { sessionContext?: ISessionContext };
  } | null;
  return holder?.sessionContext ?? holder?.context?.sessionContext ?? null;
}

/** Add to the main area; that of Notebook 7 takes one widget, and has it already. */
export function addToMain(shell: JupyterFrontEnd.IShell, widget: Widget): void {
  shell.add(widget, 'main');
  if (!widget.parent) {
    shell.add(widget, 'right');
  }
}

/** What is open in the main area on a kernel. */
export function widgetOn(
  shell: JupyterFrontEnd.IShell,
  kernelId: string
): Widget | null {
  for (const widget of shell.widgets('main')) {
    if (sessionContextOf(widget)?.session?.kernel?.id === kernelId) {
      return widget;
    }
  }
  return null;
}
