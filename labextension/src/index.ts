import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { jobStatePlugin } from './plugins/jobstate';
import { jobsPlugin } from './plugins/jobs';
import { catalogPlugin } from './plugins/catalog';
import { editorPlugin } from './plugins/editor';
import { kernelsPlugin } from './plugins/kernels';
import { modelPlugin } from './plugins/model';
import { otherResourcesPlugin } from './plugins/otherresources';
import { sidebarPlugin } from './plugins/sidebar';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  modelPlugin,
  sidebarPlugin,
  kernelsPlugin,
  catalogPlugin,
  editorPlugin,
  jobsPlugin,
  jobStatePlugin,
  otherResourcesPlugin
];

export default plugins;
