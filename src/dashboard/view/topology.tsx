import type { VNode } from 'preact'
import { commands } from '../model/command.ts'
import { mapSize, spotsOf, topologyText, type Spot } from '../model/topology.ts'
import { status } from '../state/fleet.ts'
import { JoinLine } from './first-steps.tsx'
import { CommandLine, Heading, Loading } from './pieces.tsx'

/** Whom this node sees, and how far away they are. */
export function Topology(): VNode {
  const seen = status.value
  if (seen === undefined) return <Loading />
  const { members, isolated, view } = seen
  const spots = spotsOf(members)
  const own = spots.find(({ isSelf }) => isSelf)
  const text = topologyText(members, isolated)
  return (
    <>
      <Heading title="Topology">
        <p class="quiet">
          {text} {view.agreeing} of {view.neighbours} neighbours see the same.
        </p>
      </Heading>
      <svg
        class="map"
        viewBox={`0 0 ${mapSize.width} ${mapSize.height}`}
        role="img"
        aria-label={text}
      >
        {own === undefined
          ? null
          : spots
              .filter((spot) => spot !== own)
              .map((spot) => <Way key={spot.id} from={own} to={spot} />)}
        {spots.map((spot) => (
          <Place key={spot.id} spot={spot} />
        ))}
      </svg>
      <p class="quiet">
        Drawn are the links of the node that you ask; how the others see each other only they know.
      </p>
      {members.length === 1 ? <JoinLine /> : null}
      <CommandLine command={commands.members()} />
    </>
  )
}

function Way(props: { from: Spot; to: Spot }): VNode {
  const { from, to } = props
  const isUp = to.state === 'alive'
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2]
  return (
    <g class={`way ${isUp ? '' : 'broken'}`}>
      <path d={`M${from.x} ${from.y}L${to.x} ${to.y}`} />
      {to.tripMs === undefined ? null : (
        <text x={x} y={y - 7}>
          {to.tripMs} ms
        </text>
      )}
    </g>
  )
}

function Place(props: { spot: Spot }): VNode {
  const { label, state, tone, isSelf, x, y } = props.spot
  return (
    <g class={`place tone-${tone}`} transform={`translate(${x} ${y})`}>
      <circle r={isSelf ? 9 : 7} />
      <text y="24">{label}</text>
      <text y="37" class="state">
        {isSelf ? 'this node' : state}
      </text>
    </g>
  )
}
