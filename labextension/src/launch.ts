/** Opening what a kernel is used from. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
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
  commands: CommandRegistry,
  request: IOpenRequest
): Promise<void> {
  const { kernelId, kernelName, path, cwd } = request;
  if (path?.endsWith('.ipynb')) {
    await commands.execute('docmanager:open', {
      path,
      kernel: { id: kernelId, name: kernelName }
    });
  } else if (request.type === 'console') {
    await commands.execute('console:create', {
      kernelPreference: { id: kernelId, name: kernelName },
      basePath: cwd ?? '',
      activate: true
    });
  } else {
    await commands.execute('notebook:create-new', {
      kernelId,
      kernelName,
      cwd: cwd ?? ''
    });
  }
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
