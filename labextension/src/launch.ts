/** Opening what a kernel is used from. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { Kernel, Session } from '@jupyterlab/services';
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
  const known = request.path?.endsWith('.ipynb') ? request.path : null;
  const path = known ?? (await newNotebook(app, cwd));
  const shown = known ? notebookAt(app.shell, known) : null;
  if (shown) {
    await sessionContextOf(shown)?.changeKernel({ id: kernelId });
  } else {
    await startSession(app, path, kernelId);
  }
  await commands.execute('docmanager:open', { path, factory: 'Notebook' });
}

/**
 * Have `start` make a kernel, and open a new notebook or a console on it.
 *
 * A notebook is there before its kernel, which is told its path: by that it is
 * found again when the server has gone. It goes where there is no kernel.
 */
export async function launchNew(
  app: JupyterFrontEnd,
  request: Omit<IOpenRequest, 'kernelId' | 'path'>,
  start: (path: string) => Promise<string>
): Promise<void> {
  const { type, cwd } = request;
  if (type === 'console') {
    await openOnKernel(app, { ...request, kernelId: await start(cwd ?? '') });
    return;
  }
  const path = await newNotebook(app, cwd);
  let kernelId: string;
  try {
    kernelId = await start(path);
  } catch (error) {
    void discard(app, path);
    throw error;
  }
  await openOnKernel(app, { ...request, kernelId, path });
}

async function newNotebook(
  app: JupyterFrontEnd,
  cwd: string | undefined
): Promise<string> {
  const made = await app.commands.execute('docmanager:new-untitled', {
    path: cwd ?? '',
    type: 'notebook'
  });
  return made.path as string;
}

/**
 * Remove a notebook that was just made, once file browsers have listed it.
 *
 * jupyter_server 2.21 answers 404 for a folder that a file leaves while it is
 * listed, and JupyterLab says in a dialog that the folder is not there.
 */
async function discard(app: JupyterFrontEnd, path: string): Promise<void> {
  const { commands, serviceManager } = app;
  const refresh = 'filebrowser:refresh';
  if (commands.hasCommand(refresh)) {
    await commands.execute(refresh).catch(() => undefined);
  }
  await serviceManager.contents.delete(path).catch(() => undefined);
}

/** A notebook that is open; another editor of the file has no kernel. */
function notebookAt(
  shell: JupyterFrontEnd.IShell,
  path: string
): Widget | null {
  for (const widget of shell.widgets('main')) {
    if ('sessionContext' in widget && sessionContextOf(widget)?.path === path) {
      return widget;
    }
  }
  return null;
}

/** The session that a kernel is used in, whether or not it is open here. */
export function sessionOn(
  app: JupyterFrontEnd,
  fits: (session: Session.IModel) => boolean
): Session.IModel | null {
  return [...app.serviceManager.sessions.running()].find(fits) ?? null;
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
