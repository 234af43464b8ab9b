import type { VNode } from 'preact'
import type { JobDifference } from '../answers.ts'

/** Two documents side by side, where they differ. */
export function Differences(props: {
  differences: readonly JobDifference[]
  before: string
  after: string
}): VNode {
  return (
    <table class="differences">
      <thead>
        <tr>
          <th scope="col">field</th>
          <th scope="col">{props.before}</th>
          <th scope="col">{props.after}</th>
        </tr>
      </thead>
      <tbody>
        {props.differences.map(({ path, before, after }) => (
          <tr key={path}>
            <th scope="row" class="mono">
              {path}
            </th>
            <td>
              <code class="before">{valueText(before)}</code>
            </td>
            <td>
              <code class="after">{valueText(after)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'absent'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
