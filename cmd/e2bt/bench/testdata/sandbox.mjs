// Times of the JavaScript SDK with sandboxes: node sandbox.mjs WHAT [COUNT]
// prints the middle of its times in milliseconds.
import { Sandbox } from 'e2b'

const [what, count] = [process.argv[2], Number(process.argv[3] ?? 20)]
const timed = async (f) => {
  const start = performance.now()
  const value = await f()
  return [performance.now() - start, value]
}
const middle = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
const times = []

if (what === 'create') {
  for (let i = 0; i < count + 2; i++) {
    const [ms, box] = await timed(() => Sandbox.create('base'))
    if (i >= 2) times.push(ms) // the first ones open connections
    await box.kill()
  }
} else if (what === 'alive') {
  const boxes = []
  for (let i = 0; i < count; i++) boxes.push(await Sandbox.create('base'))
  for (const box of boxes) await box.commands.run('true')
  console.log('alive')
  await new Promise((resolve) => process.stdin.on('data', resolve))
  await Promise.all(boxes.map((box) => box.kill()))
  process.exit(0)
} else {
  const box = await Sandbox.create('base')
  const data = new Uint8Array(100_000_000)
  for (let i = 0; i < data.length; i += 4096) data[i] = i
  if (what === 'read') await box.files.write('/home/user/data', data.buffer)
  for (let i = 0; i < count + 2; i++) {
    const [ms] = await timed(async () => {
      if (what === 'run') await box.commands.run('true')
      if (what === 'write') await box.files.write('/home/user/data', data.buffer)
      if (what === 'read') await box.files.read('/home/user/data', { format: 'bytes' })
    })
    if (i >= 2) times.push(ms)
  }
  await box.kill()
}
console.log(middle(times).toFixed(3))
