/** Which homes one payment covers, and what it comes to. Pure: the figures are the server's. */
import type { Arrears, CheckoutItem } from '../api/types'

/** What is known of one home: nothing yet, its figure, or that it cannot be read. */
export interface Shelf { figure?: Arrears; away: boolean }

/** A home can be paid when something is due, none of its bills is being verified, and the figure is of now. */
export function payable({ figure, away }: Shelf): boolean {
  return figure !== undefined && !away && !figure.stale && !figure.held && figure.total_fen > 0
}

export interface Basket { items: CheckoutItem[]; totalFen: number }

/** The chosen homes that can be paid, in the order they are shown. */
export function basket(shelves: ReadonlyMap<string, Shelf>, left: ReadonlySet<string>): Basket {
  const items: CheckoutItem[] = []
  for (const [bindingId, shelf] of shelves) {
    if (left.has(bindingId) || !payable(shelf) || !shelf.figure) continue
    items.push({ binding_id: bindingId, amount_fen: shelf.figure.total_fen, arrears_version: shelf.figure.arrears_version })
  }
  return { items, totalFen: items.reduce((sum, item) => sum + item.amount_fen, 0) }
}
