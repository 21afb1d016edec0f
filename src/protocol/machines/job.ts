/** A job as its requester sees it. `desired` is written by the person, `observed` by the peer. */
import type { Table } from './machine.ts'

export type JobDesired = 'run' | 'cancel'

export type JobState =
  | 'submitted' // journalled, content not yet sealed
  | 'running' // looking for providers, executions under way
  | 'gathering' // every shard has an accepted result; it is being put in its place
  | 'settling' // result written; waiting for the last escrow to close
  | 'failing' // cannot succeed any more; waiting for the money to return
  | 'cancelling'
  | 'settled'
  | 'failed'
  | 'cancelled'

export type JobEvent =
  | 'prepared'
  | 'complete'
  | 'gathered'
  | 'closed'
  | 'fail'
  | 'cancel'
  /** The money that is still out is followed without the job: its owner, or time, has ended the wait. */
  | 'leave'

export const jobTable: Table<JobState, JobEvent> = {
  submitted: { prepared: 'running', fail: 'failing', cancel: 'cancelling' },
  running: { complete: 'gathering', fail: 'failing', cancel: 'cancelling' },
  gathering: { gathered: 'settling', fail: 'failing', cancel: 'cancelling' },
  /** The result is written: to cancel it is to stop waiting for the money, and takes nothing away. */
  settling: { closed: 'settled', leave: 'settled', cancel: 'settled' },
  failing: { closed: 'failed', leave: 'failed' },
  cancelling: { closed: 'cancelled', leave: 'cancelled' },
  settled: {},
  failed: {},
  cancelled: {}
}
