/** Whether an installed runtime loads: a runner is started, as for a task, and must say that it is ready to take one. */
import { ShoalError } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import { nativeProcesses } from '../adapters/native-process.ts'
import { isFrame, RunnerLink } from '../runner/link.ts'

const PATIENCE_MS = 30_000

/** ENGINE_INSTALL with what the system said. */
export async function probeOnnx(pack: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const runner = nativeProcesses({ script: 'onnx-runner', args: [pack], readable: [pack] })
  const child = await runner.startRunner({ script: 'onnx-runner', flags: [], permissions: 'addons' })
  const link = new RunnerLink(child, clock)
  try {
    const frame = await link.within({ ms: PATIENCE_MS, cause: 'start' }, signal, () => link.next())
    if (isFrame(frame, 'hello')) return
    const { errors } = await link.exited
    const line = errors.split('\n').find(l => /error/i.test(l)) ?? 'it does not start'
    throw new ShoalError('ENGINE_INSTALL', `the runtime does not load: ${line.slice(0, 300)}`, {
      next: 'It needs glibc 2.28 or later (Debian 10, Ubuntu 20.04, RHEL 8).'
    })
  } finally {
    await link.close()
  }
}
