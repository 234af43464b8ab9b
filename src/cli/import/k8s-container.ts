// The container of a pod as a command of a node.

import { formatSize } from '../../core/jobs/shape-size.ts'
import { fieldsOf, listOf, textOf } from './fields.ts'
import type { Fields } from './fields.ts'

export type Engine = 'docker' | 'podman' | 'none'

export interface Ran {
  readonly fields: Fields
  readonly differences: readonly string[]
}

/** How the one container of a pod is run. */
export function containerOf(
  pod: Fields,
  engine: Engine,
  isSharded: boolean,
): Ran | { readonly why: string } {
  const containers = listOf(pod['containers']).map(fieldsOf)
  const [container] = containers
  if (container === undefined) return { why: 'its pod has no container' }
  if (containers.length > 1 || listOf(pod['initContainers']).length > 0) {
    return {
      why: 'its pod has several containers: make one command, or jobs that follow each other',
    }
  }
  const command = [...listOf(container['command']), ...listOf(container['args'])].map(textOf)
  const { env, lost } = environmentOf(container)
  const { mounts, lost: lostMounts } = mountsOf(pod, container)
  const memory = memoryOf(fieldsOf(fieldsOf(container['resources'])['limits'])['memory'])
  if (engine === 'none' && listOf(container['command']).length === 0) {
    return { why: 'what it runs is written in its image: name it as its command' }
  }
  const options = [
    ...Object.keys(env).flatMap((name) => ['-e', name]),
    // what a command is told here, it is told there
    ...['MESHCRON_EXECUTION_ID', 'MESHCRON_SCHEDULED_AT'].flatMap((name) => ['-e', name]),
    ...(isSharded ? ['-e', 'JOB_COMPLETION_INDEX={slot}'] : []),
    ...mounts.flatMap((mount) => ['-v', mount]),
    ...(memory === undefined ? [] : ['--memory', String(memory)]),
    ...entrypointOf(container),
  ]
  const image = textOf(container['image'])
  const rest = listOf(container['command']).length > 0 ? command.slice(1) : command
  const exec =
    engine === 'none' ? command : [engine, 'run', '--rm', '--init', ...options, image, ...rest]
  return {
    fields: {
      run: { exec },
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(engine === 'none' && memory !== undefined ? { memory: formatSize(memory) } : {}),
    },
    differences: [
      ...lost.map((name) => `${name} comes from the cluster: give it to the nodes another way`),
      ...(engine === 'none' ? [] : lostMounts).map((name) => `the volume ${name} is left out`),
      ...(textOf(pod['serviceAccountName']) === ''
        ? []
        : ['its service account means nothing here']),
    ],
  }
}

/** The first word of `command` replaces the entry point of the image. */
function entrypointOf(container: Fields): readonly string[] {
  const [program] = listOf(container['command'])
  return program === undefined ? [] : ['--entrypoint', textOf(program)]
}

function environmentOf(container: Fields): {
  readonly env: Readonly<Record<string, string>>
  readonly lost: readonly string[]
} {
  const variables = listOf(container['env']).map(fieldsOf)
  const plain = variables.filter((one) => one['valueFrom'] === undefined)
  const pairs = plain.map((one) => [textOf(one['name']), textOf(one['value'])] as const)
  return {
    env: Object.fromEntries(pairs),
    lost: [
      ...variables
        .filter((one) => one['valueFrom'] !== undefined)
        .map((one) => textOf(one['name'])),
      ...(listOf(container['envFrom']).length === 0 ? [] : ['envFrom']),
    ],
  }
}

/** Folders of the host; other volumes belong to the cluster. */
function mountsOf(
  pod: Fields,
  container: Fields,
): { readonly mounts: readonly string[]; readonly lost: readonly string[] } {
  const paths = new Map(
    listOf(pod['volumes'])
      .map(fieldsOf)
      .map((one) => [textOf(one['name']), textOf(fieldsOf(one['hostPath'])['path'])]),
  )
  const wanted = listOf(container['volumeMounts']).map(fieldsOf)
  const isHere = (one: Fields): boolean => (paths.get(textOf(one['name'])) ?? '') !== ''
  const mounts = wanted.filter(isHere).map((one) => {
    const mode = one['readOnly'] === true ? ':ro' : ''
    return `${paths.get(textOf(one['name'])) ?? ''}:${textOf(one['mountPath'])}${mode}`
  })
  return { mounts, lost: wanted.filter((one) => !isHere(one)).map((one) => textOf(one['name'])) }
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

function memoryOf(value: unknown): number | undefined {
  const match = /^(\d+)(|k|M|G|T|Ki|Mi|Gi|Ti)$/.exec(textOf(value))
  return match === null ? undefined : Number(match[1]) * units[match[2]!]!
}
