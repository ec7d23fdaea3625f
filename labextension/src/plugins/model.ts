import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { KernelkitApi } from '../api';
import { KernelkitModel } from '../model';
import { IKernelkitModel } from '../tokens';

/** The settings of the extension: `schema/plugin.json`. */
const SETTINGS = 'kernelkit:plugin';

export const modelPlugin: JupyterFrontEndPlugin<IKernelkitModel> = {
  id: SETTINGS,
  description: 'Knows the kernels, tasks and Slurm jobs of this server.',
  autoStart: true,
  provides: IKernelkitModel,
  optional: [ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    settings: ISettingRegistry | null
  ): IKernelkitModel => {
    const { events, kernelspecs, serverSettings } = app.serviceManager;
    const model = new KernelkitModel({
      api: new KernelkitApi(serverSettings),
      refreshSpecs: () => kernelspecs.refreshSpecs(),
      events: events.stream
    });
    void settings?.load(SETTINGS).then(loaded => {
      const apply = () => {
        model.interval = loaded.get('pollInterval').composite as number;
      };
      loaded.changed.connect(apply);
      apply();
    });
    return model;
  }
};
