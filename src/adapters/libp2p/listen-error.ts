/** Names what is wrong with the listen addresses and what to do about it. */
export function listenError(cause: unknown, listen: readonly string[]): Error {
  const text = cause instanceof Error ? cause.message : String(cause)
  const port = /EADDRINUSE[^\n]*?:(\d+)\b/.exec(text)?.[1]
  if (text.includes('EADDRINUSE')) {
    const which = port === undefined ? `a port of ${listen.join(', ')}` : `port ${port}`
    return coded(
      'MC_PORT_IN_USE',
      `${which} is taken: stop the program that listens there, or choose another listen address`,
      cause,
    )
  }
  const isListening = cause instanceof Error && cause.name === 'UnsupportedListenAddressesError'
  if (!isListening) return cause instanceof Error ? cause : new Error(text)
  const code = /\b(EADDRNOTAVAIL|EACCES|EAFNOSUPPORT|ENOTFOUND)\b/.exec(text)?.[1] ?? 'unsupported'
  return coded('MC_BAD_CONFIG', `cannot listen on ${listen.join(', ')} (${code})`, cause)
}

function coded(code: string, message: string, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code })
}
