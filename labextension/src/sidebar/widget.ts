import type { ITranslator } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { TabPanel, type Widget } from '@lumino/widgets';

import { sidebarIcon } from '../icons';
import type { IKernelkitPanels, IPanelSpec } from '../tokens';
import { LazyPanel } from './lazypanel';

/** The widget of the left area: a tab for each panel that was added. */
export class Sidebar extends TabPanel implements IKernelkitPanels {
  constructor(
    private readonly _translator: ITranslator,
    private readonly _activate: () => void
  ) {
    super({ tabsMovable: false });
    const trans = _translator.load('kernelkit');
    this.id = 'kernelkit-sidebar';
    this.addClass('kk-Sidebar');
    this.title.icon = sidebarIcon;
    this.title.caption = trans.__('Kernels, Catalog and Jobs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('kernelkit'));
    this.tabBar.node.setAttribute('aria-label', trans.__('Panels'));
  }

  add(spec: IPanelSpec): IDisposable {
    const panel = new LazyPanel(spec, this._translator);
    const after = this._panels.findIndex(other => other.spec.rank > spec.rank);
    const index = after < 0 ? this._panels.length : after;
    this._panels.splice(index, 0, panel);
    this.insertWidget(index, panel);
    this.currentIndex = 0;
    return new DisposableDelegate(() => {
      this._panels = this._panels.filter(other => other !== panel);
      panel.dispose();
    });
  }

  async open(id: string): Promise<Widget> {
    const panel = this._panels.find(other => other.spec.id === id);
    if (!panel) {
      throw new Error(`No panel of the sidebar has the id ${id}.`);
    }
    this._activate();
    this.currentWidget = panel;
    const content = await panel.content;
    content.activate();
    return content;
  }

  private _panels: LazyPanel[] = [];
}
