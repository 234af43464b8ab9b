import type { Notice } from '../../core/notify/notice.ts'
import type { Outputs } from './output.ts'

const bytesMax = 4_096

/** The end of what an execution printed, wherever it ran; empty when nobody has it. */
export async function outputTail(outputs: Outputs, { execution }: Notice): Promise<string> {
  if (execution === null) return ''
  const none = { limit: 1, waitMs: 0 }
  const first = await outputs.read(execution, { ...none, offset: 0 })
  if (!first.ok || first.value.total === 0) return ''
  const offset = Math.max(0, first.value.total - bytesMax)
  const tail = await outputs.read(execution, { ...none, offset, limit: bytesMax })
  return tail.ok ? new TextDecoder().decode(tail.value.bytes) : ''
}
