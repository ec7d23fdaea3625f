import type { IKernel, KernelState } from '../api';
import type { ChipTone } from '../components/statechip';
import {
  attentionIcon,
  failedIcon,
  foreignIcon,
  readyIcon,
  shadowedIcon
} from '../icons';

/** How a kernel's state looks; its word is `format.kernelState`. */
export const STATE_LOOKS = {
  ready: { icon: readyIcon, tone: 'good' },
  stale: { icon: attentionIcon, tone: 'warn' },
  broken: { icon: failedIcon, tone: 'bad' },
  shadowed: { icon: shadowedIcon, tone: 'warn' },
  unmanaged: { icon: foreignIcon, tone: 'plain' }
} as const satisfies Record<KernelState, { icon: unknown; tone: ChipTone }>;

/** Whether making it anew may mend it. */
export function canUpgrade(kernel: IKernel): boolean {
  return (
    kernel.managed && (kernel.state === 'stale' || kernel.state === 'broken')
  );
}

/** Whether the server has one step of undo for it. */
export function canRollBack(kernel: IKernel): boolean {
  return Boolean(kernel.former);
}
