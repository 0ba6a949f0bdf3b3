/** From an id, as everything outside the store names things, to the UUID that its columns hold. */
import { type IdKind, uuidFromId } from '@settle/contracts';

/** For ids that this process made or checked. Throws RangeError on anything else. */
export function uuidOf(kind: IdKind, id: string): string {
  const uuid = uuidFromId(kind, id);
  if (uuid === undefined) throw new RangeError(`not an id of kind ${kind}`);
  return uuid;
}
