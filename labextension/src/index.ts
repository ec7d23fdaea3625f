import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { modelPlugin } from './plugins/model';
import { sidebarPlugin } from './plugins/sidebar';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [modelPlugin, sidebarPlugin];

export default plugins;
