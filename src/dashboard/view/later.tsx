// Screens that are loaded when they are wanted: the editor brings YAML along.

import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Loading, Problem } from './pieces.tsx'

export function Later<T>(props: {
  load: () => Promise<T>
  show: (module: T) => ComponentChildren
}): VNode {
  const [module, setModule] = useState<{ readonly it: T }>()
  const [error, setError] = useState<unknown>(undefined)
  useEffect(() => {
    props.load().then((it) => setModule({ it }), setError)
  }, [])
  if (module === undefined) return error === undefined ? <Loading /> : <Problem error={error} />
  return <>{props.show(module.it)}</>
}
