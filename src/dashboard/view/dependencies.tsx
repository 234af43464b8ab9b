import type { VNode } from 'preact'
import { boxSize, graphOf, graphText, type Spot, type Way } from '../model/graph.ts'
import { toneOf } from '../model/outcome.ts'
import { hrefOf } from '../model/route.ts'
import { jobs } from '../state/fleet.ts'
import { Panel } from './pieces.tsx'

const margin = 4
const lettersMax = 20

/** What the job is after, and what is after it; nothing where it stands alone. */
export function Dependencies(props: { name: string }): VNode | null {
  const graph = graphOf(jobs.value ?? [], props.name)
  if (graph === undefined) return null
  const [width, height] = [graph.width + 2 * margin, graph.height + 2 * margin]
  return (
    <Panel title="Dependencies">
      <figure class="graph" aria-label={graphText(graph)}>
        <svg width={width} height={height} viewBox={`${-margin} ${-margin} ${width} ${height}`}>
          {graph.ways.map((way) => (
            <Edge key={`${way.from.name}|${way.to.name}|${way.on}`} way={way} />
          ))}
          {graph.spots.map((spot) => (
            <Box key={spot.name} spot={spot} isHere={spot.name === props.name} />
          ))}
        </svg>
      </figure>
      {graph.left === 0 ? null : <p class="quiet">{graph.left} more are not drawn.</p>}
    </Panel>
  )
}

function Edge(props: { way: Way }): VNode {
  const { from, to, on } = props.way
  const [x1, y1] = [from.x + boxSize.width, from.y + boxSize.height / 2]
  const [x2, y2] = [to.x, to.y + boxSize.height / 2]
  const middle = (x1 + x2) / 2
  return (
    <g class={`edge on-${on}`} aria-hidden="true">
      <path d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`} />
      <path d={`M${x2 - 6} ${y2 - 4}L${x2} ${y2}L${x2 - 6} ${y2 + 4}`} />
      <text x={middle} y={(y1 + y2) / 2 - 4}>
        {on}
      </text>
    </g>
  )
}

function Box(props: { spot: Spot; isHere: boolean }): VNode {
  const { name, state, x, y } = props.spot
  const shown = name.length > lettersMax ? `${name.slice(0, lettersMax - 1)}…` : name
  return (
    <a href={hrefOf(['jobs', name])} aria-label={`${name}, ${state}`}>
      <g class={`box tone-${toneOf(state)} ${props.isHere ? 'here' : ''}`}>
        <title>{`${name}, ${state}`}</title>
        <rect x={x} y={y} width={boxSize.width} height={boxSize.height} rx="4" />
        <text x={x + 8} y={y + boxSize.height / 2 + 4}>
          {shown}
        </text>
      </g>
    </a>
  )
}
