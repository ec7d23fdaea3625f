import React from 'react';

import { PanelWidget } from '../components/panelwidget';
import type { IContext } from '../kernels/actions';
import type { Installs } from './installs';
import { CatalogModel } from './model';
import { CatalogView } from './panel';

export function createCatalogPanel(
  context: IContext,
  installs: Installs
): PanelWidget {
  const { app, model, trans } = context;
  const catalog = new CatalogModel(model.api);
  const panel = new PanelWidget(model, () => (
    <CatalogView
      model={model}
      catalog={catalog}
      commands={app.commands}
      trans={trans}
      taskOf={identity => installs.taskOf(identity)}
      onError={error => {
        void import('../kernels/actions').then(actions =>
          actions.tell(context, trans.__('Catalog'), error)
        );
      }}
    />
  ));
  const redraw = () => panel.update();
  installs.changed.connect(redraw);
  panel.disposed.connect(() => {
    installs.changed.disconnect(redraw);
    catalog.dispose();
  });
  return panel;
}
