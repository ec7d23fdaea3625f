import type { IDisposable } from '@lumino/disposable';
import React, { useState } from 'react';

import { PanelWidget } from '../components/panelwidget';
import type { IContext } from './actions';
import type { GroupBy } from './groups';
import { KernelsView } from './panel';

export interface IGroupSetting {
  get: () => GroupBy;
  set: (by: GroupBy) => void;
}

export function createKernelsPanel(
  context: IContext,
  setting: IGroupSetting,
  watching: IDisposable
): PanelWidget {
  const draw = () => <Connected context={context} setting={setting} />;
  return new PanelWidget(context.model, draw, watching);
}

function Connected(props: {
  context: IContext;
  setting: IGroupSetting;
}): JSX.Element {
  const { app, model, trans } = props.context;
  const [groupBy, setGroupBy] = useState(props.setting.get);
  const logoOf = (name: string) => {
    const { specs } = app.serviceManager.kernelspecs;
    const resources = specs?.kernelspecs[name]?.resources;
    return resources?.['logo-svg'] ?? resources?.['logo-64x64'];
  };
  return (
    <KernelsView
      model={model}
      commands={app.commands}
      trans={trans}
      logoOf={logoOf}
      groupBy={groupBy}
      onGroupBy={by => {
        setGroupBy(by);
        props.setting.set(by);
      }}
      onError={error => {
        void import('./actions').then(actions =>
          actions.tell(props.context, trans.__('Kernels'), error)
        );
      }}
    />
  );
}
