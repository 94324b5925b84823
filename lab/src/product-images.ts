/** Sluice's own images, from the same files that users build them from. */
import { type ImageSource } from './images.js';

export function productImages(): readonly ImageSource[] {
  return [];
}
