/**
 * Which instructions are paid for together. A straight run of instructions is one piece; a short piece that control reaches only by way
 * of the piece in front is paid for there as well, also when a branch then leaves it out: one subtraction instead of many. So a task
 * never pays less than it runs, and at each payment up to `MAX_AHEAD` instructions more. A function of the module's bytes alone.
 */
import { ModuleWriter } from './bytes.ts'
import { OP } from './opcodes.ts'

/** Instructions at most that are paid for without being certain to run. */
export const MAX_AHEAD = 16

/** Control may leave or enter after these. */
const ENDS_PIECE: ReadonlySet<number> = new Set([
  OP.unreachable,
  OP.loop,
  OP.if,
  OP.else,
  OP.end,
  OP.br,
  OP.brIf,
  OP.brTable,
  OP.return,
  OP.returnCall,
  OP.returnCallIndirect
])

/** Collects the code of one function and hands it out in regions, each with its cost. */
export class Regions {
  readonly #emit: (code: Uint8Array, cost: number) => void
  readonly #maxAhead: number
  readonly #region = new ModuleWriter()
  readonly #piece = new ModuleWriter()
  /** Of the region: what its pieces cost, and all of them but the first. */
  #cost = 0
  #ahead = 0
  /** Of the piece: its cost, and how many blocks it has opened. */
  #pieceCost = 0
  #opened = 0
  /** Blocks open here that were opened in the region; what follows their end is reached from the region alone. */
  #depth = 0
  /** The next piece is reached from this region alone. */
  #joins = false

  constructor(emit: (code: Uint8Array, cost: number) => void, maxAhead: number) {
    this.#emit = emit
    this.#maxAhead = maxAhead
  }

  add(code: readonly number[] | Uint8Array): this {
    this.#piece.add(code)
    return this
  }

  pay(cost: number): void {
    this.#pieceCost += cost
  }

  /** `op` was added last: here a piece may end, and with it a region. */
  after(op: number): void {
    if (op === OP.block) this.#opened++
    if (!ENDS_PIECE.has(op)) return
    if (!this.#joins || this.#ahead + this.#pieceCost > this.#maxAhead) this.end()
    else this.#ahead += this.#pieceCost
    this.#take()
    if (op === OP.if) this.#depth++
    // the end of a block that began before the region is reached past the region too
    this.#joins = this.#depth > 0 || (op !== OP.end && op !== OP.else)
    if (op === OP.end && this.#depth > 0) this.#depth--
    if (op !== OP.loop) return
    // its head is reached from its end as well
    this.end()
    this.#joins = false
  }

  /** Hands out the region. */
  end(): void {
    if (this.#region.length > 0 || this.#cost > 0) this.#emit(this.#region.done(), this.#cost)
    this.#region.clear()
    this.#cost = 0
    this.#ahead = 0
    this.#depth = 0
  }

  #take(): void {
    this.#region.add(this.#piece.done())
    this.#cost += this.#pieceCost
    this.#depth += this.#opened
    this.#piece.clear()
    this.#pieceCost = 0
    this.#opened = 0
  }
}
