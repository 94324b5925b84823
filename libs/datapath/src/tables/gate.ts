/**
 * The place of the slot protocol's gate. Its entries are not compiled: they live by hard timeouts, under an owner of
 * their own, and `diff` never touches them. Until they exist no packet comes here, since an empty gate must be a closed
 * one. The slot is in reg7 already wherever the gate will be asked (held addresses in uplink-in, egresses in egress), so
 * the gate will only change the next table of those rows.
 */
import { defineTable } from '../pipeline/table.js';

export const gate = defineTable({
  name: 'gate',
  stage: 'uplink',
  roles: ['gateway'],
  summary: 'Whether the slot of an address is open on this gateway. Not asked yet.',
  matches: ['reg7'],
  sets: [],
  next: [],
  miss: 'drop',
  rows: {},
});
