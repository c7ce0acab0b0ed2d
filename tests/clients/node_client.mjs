// Drives an SDK for a test: JSON lines in, JSON lines out. The SDK itself is as it was released.
//
// The first line says which: {"module", "config"}; `config` goes to createOpencodeClient. Then each line is one of
//   {"call": "session.create", "args": [...]}       -> {"value": ..., "status": 200}
//   {"listen": "event.subscribe", "args": [...]}    -> {"value": true}; forgets what it heard, and reads this stream, too
//   {"until": {"type": ..., "properties": {...}}}   -> {"value": [all events so far]} once there is such an event
// with an "id", which the answer has, too. What went wrong is {"error": {"type", "text", "status", "body"}}, as the SDK throws or returns it.
import { createInterface } from "node:readline"

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const heard = []
const PATIENCE_MS = 30_000
let wake = () => {}

const { module, config } = JSON.parse((await lines.next()).value)
const sdk = await import(module)
const client = sdk.createOpencodeClient(config)

function method(path) {
  const names = path.split(".")
  const last = names.pop()
  const owner = names.reduce((value, name) => value[name], client)
  return owner[last].bind(owner)
}

function failure(error) {
  if (!(error instanceof Error)) return { type: typeof error, text: "", body: error }
  return { type: error.name, text: error.message, status: error.cause?.status, body: error.cause?.body }
}

async function listen(path, args) {
  heard.length = 0
  const [first = {}, second = {}] = args
  const options = { sseMaxRetryAttempts: 1, sseDefaultRetryDelay: 1, onSseError: (error) => hear({ failed: failure(error) }) }
  // The older entry point has one object of options, the newer one parameters and then options.
  const subscribed = await (args.length > 1 ? method(path)(first, { ...second, ...options }) : method(path)({ ...first, ...options }))
  const read = async () => {
    for await (const event of subscribed.stream) hear(event)
    hear({ ended: true })
  }
  read().catch((error) => hear({ failed: failure(error) }))
}

function hear(event) {
  heard.push(event)
  wake()
}

function matches(event, wanted) {
  if (event.failed || event.ended) return true
  const found = event.payload ?? event
  return found.type === wanted.type && Object.entries(wanted.properties ?? {}).every(([key, value]) => found.properties?.[key] === value)
}

async function until(wanted) {
  const deadline = Date.now() + PATIENCE_MS
  while (!heard.some((event) => matches(event, wanted))) {
    const left = deadline - Date.now()
    if (left <= 0) throw new Error(`heard: ${heard.map((event) => event.type)}`)
    let timer
    await new Promise((resolve) => ((wake = resolve), (timer = setTimeout(resolve, left))))
    clearTimeout(timer)
  }
  return heard
}

for await (const line of lines) {
  const asked = JSON.parse(line)
  const say = (answer) => process.stdout.write(JSON.stringify({ ...answer, id: asked.id }) + "\n")
  try {
    if (asked.listen) {
      await listen(asked.listen, asked.args)
      say({ value: true })
    } else if (asked.until) {
      say({ value: await until(asked.until) })
    } else {
      const answer = await method(asked.call)(...asked.args)
      if (answer.error !== undefined) say({ error: { ...failure(answer.error), status: answer.response?.status } })
      else say({ value: answer.data, status: answer.response?.status })
    }
  } catch (error) {
    say({ error: failure(error) })
  }
}
process.exit(0)
