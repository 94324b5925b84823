/** A bridge as it is read back that has these. */
import { type Flow, flowDump, type Group, groupDump, type Meter } from '@sluice/ovs';
import { type Installed } from '../diff/diff.js';

export const installedOf = ({
  flows = [],
  groups = [],
  meters = [],
}: {
  readonly flows?: readonly Flow[];
  readonly groups?: readonly Group[];
  readonly meters?: readonly Meter[];
}): Installed => ({ flows: flowDump.of(flows), groups: groupDump.of(groups), meters });
