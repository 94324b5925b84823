/**
 * The gate of the slot protocol: whether the slot in reg7 is open on this gateway. Its entries are not compiled: they
 * live by a hard timeout, under an owner of their own, and `diff` never touches them (gate/entry.ts makes and reads
 * them). A slot without an entry is a closed one.
 */
import { gateForm, newPorts, shared } from '../layout/registers.js';
import { goto, load } from '../pipeline/actions.js';
import { defineTable, row } from '../pipeline/table.js';

export const gate = defineTable({
  name: 'gate',
  stage: 'uplink',
  roles: ['gateway'],
  summary: 'What form the slot of the address has on this gateway: none, armed, open or retiring.',
  matches: ['reg7'],
  sets: ['reg3', 'reg5', 'metadata'],
  next: ['held'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) =>
      gateway
        ? [
            row(
              1,
              [],
              load(gateForm, gateForm.values.none),
              load(shared, shared.values.no),
              load(newPorts, newPorts.values.any),
              goto('held'),
            ),
          ]
        : [],
  },
});
