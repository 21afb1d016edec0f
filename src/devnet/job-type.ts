import type { ExecutionView, JobView } from '../peer/views.ts'

/** A job as the API shows it. */
export type FullJobView = JobView & { readonly executionList: readonly ExecutionView[] }
