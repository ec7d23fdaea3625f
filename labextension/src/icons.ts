/** Icons that JupyterLab does not have; `currentColor` follows the text. */
import { LabIcon } from '@jupyterlab/ui-components';

import attention from '../style/icons/attention.svg';
import catalog from '../style/icons/catalog.svg';
import failed from '../style/icons/failed.svg';
import foreign from '../style/icons/foreign.svg';
import jobs from '../style/icons/jobs.svg';
import ready from '../style/icons/ready.svg';
import shadowed from '../style/icons/shadowed.svg';
import sidebar from '../style/icons/sidebar.svg';
import waiting from '../style/icons/waiting.svg';
import working from '../style/icons/working.svg';

function icon(name: string, svgstr: string): LabIcon {
  return new LabIcon({ name: `kernelkit:${name}`, svgstr });
}

export const sidebarIcon = icon('sidebar', sidebar);
export const catalogIcon = icon('catalog', catalog);
export const jobsIcon = icon('jobs', jobs);

export const readyIcon = icon('ready', ready);
export const attentionIcon = icon('attention', attention);
export const failedIcon = icon('failed', failed);
export const shadowedIcon = icon('shadowed', shadowed);
export const foreignIcon = icon('foreign', foreign);
export const waitingIcon = icon('waiting', waiting);
export const workingIcon = icon('working', working);
