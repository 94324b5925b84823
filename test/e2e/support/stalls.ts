/** What the lab's own nodes are asked about moments in which the machine stood still. */
import { undisturbed as undisturbedOn } from '@sluice/lab';
import { labStatus } from './lab.js';

/** See `undisturbed` of the lab, for its running nodes. */
export async function undisturbed(attempt: () => Promise<void>): Promise<void> {
  await undisturbedOn((await labStatus()).nodes, attempt);
}
