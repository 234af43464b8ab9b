// What speaks MQTT, loaded by the first MQTT job: 8 MB that every fork of the helper would have to copy.

import { MqttClient, type IClientOptions } from 'mqtt'

type Stream = ReturnType<ConstructorParameters<typeof MqttClient>[0]>

/** One message as it goes out. */
export interface Message {
  readonly topic: string
  readonly payload: string
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly username: string
  readonly password: string
}

const connectMs = 10_000
/** Between two packets of one handshake of QoS 1 and 2. */
const answerMs = 60_000

/**
 * Publishes one message over the connection that `dial` opens; resolves when the broker has confirmed
 * it as its quality of service says. Nothing is tried twice: that is the job's retry.
 */
export async function publish(
  dial: () => unknown,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const { topic, payload, qos, retain, username, password } = message
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  const options: IClientOptions = {
    clientId: `mc${randomBytes(8).toString('hex')}`,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: connectMs,
    keepalive: 30,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  }
  const client = new MqttClient(() => dial() as Stream, options)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const late = (): void => reject(new Error(`no confirmation within ${answerMs / 1_000} s`))
  let timer: NodeJS.Timeout | undefined
  const abort = (): void => reject(new Error('the publishing was aborted'))
  signal.addEventListener('abort', abort)
  client.on('error', reject)
  client.on('close', () => reject(new Error('the broker closed the connection')))
  client.on('packetreceive', () => timer?.refresh())
  client.on('connect', () => {
    timer = setTimeout(late, answerMs)
    client.publish(topic, payload, { qos, retain }, (error) => {
      if (error === undefined || error === null) resolve()
      else reject(error)
    })
  })
  try {
    await promise
    // With a word of goodbye: without it a broker may drop what is still on its way.
    await client.endAsync()
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    client.end(true)
  }
}
