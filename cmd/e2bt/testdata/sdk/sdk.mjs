// What E2B's JavaScript SDK does with templates and sandboxes, on whatever
// endpoint the environment names. Each case says that it is done.
import assert from 'node:assert/strict'
import { Template, Sandbox, waitForFile } from 'e2b'

let failed = 0
async function test(name, f) {
  const start = Date.now()
  try {
    await f()
    console.log(`ok ${name} (${Date.now() - start} ms)`)
  } catch (e) {
    failed++
    console.log(`FAIL ${name}: ${e.stack}`)
  }
}
const rejects = async (f, check) => {
  try {
    await f()
  } catch (e) {
    return check(e)
  }
  assert.fail('it did not fail')
}

const steps = () => Template({ fileContextPath: process.cwd() })
  .fromTemplate('base')
  .setEnvs({ GREETING: 'hello' })
  .setWorkdir('/home/user/app')
  .copy('data', 'data')
  .runCmd('echo "$GREETING" > greeting && ls')
  .makeDir('made', { mode: 0o700 })
  .makeSymlink('greeting', 'link')
  .rename('made', 'renamed')
  .remove('link')
  .setUser('root')
  .runCmd('echo root > /opt/root')
  .setUser('user')
  .setStartCmd('touch /tmp/started; sleep infinity', waitForFile('/tmp/started'))

let built
await test('a build with every kind of step', async () => {
  const lines = []
  built = await Template.build(steps(), 'sdk-js', { cpuCount: 1, memoryMB: 512, onBuildLogs: (l) => lines.push(l.message) })
  assert.ok(lines.some((l) => l.includes('data')), lines.join('\n'))
})
await test('the same build is cached', async () => {
  const lines = []
  await Template.build(steps(), 'sdk-js', { cpuCount: 1, memoryMB: 512, onBuildLogs: (l) => lines.push(l.message) })
  assert.ok(lines.filter((l) => l.startsWith('CACHED')).length >= 8, lines.join('\n'))
})
await test('a build in the background', async () => {
  const info = await Template.buildInBackground(Template().fromTemplate('base').runCmd('sleep 0.5; echo done'), 'sdk-js-back')
  for (;;) {
    const { status } = await Template.getBuildStatus(info)
    if (status === 'ready') break
    assert.ok(status === 'building' || status === 'waiting', status)
    await new Promise((r) => setTimeout(r, 50))
  }
})
await test('a build that fails', async () => {
  await rejects(
    () => Template.build(Template().fromTemplate('base').runCmd('true').runCmd('echo lost >&2; exit 7'), 'sdk-js-fails'),
    (e) => {
      assert.match(e.message, /exit status 7|exit code 7/)
      assert.ok((e.stack ?? '').includes('sdk.mjs'), 'it does not name the line of the step: ' + e.stack)
    },
  )
})
await test('names and tags', async () => {
  assert.equal(await Template.exists('sdk-js'), true)
  assert.equal(await Template.exists('nobody-made-this'), false)
  await Template.assignTags('sdk-js', ['stable', 'v1'])
  const tags = (await Template.getTags('sdk-js')).map((t) => t.tag).sort()
  assert.deepEqual(tags, ['default', 'stable', 'v1'])
  await Template.removeTags('sdk-js', 'v1')
  const sbx = await Sandbox.create('sdk-js:stable')
  await sbx.kill()
})

let sbx
await test('create', async () => {
  sbx = await Sandbox.create('sdk-js', { metadata: { run: 'js' }, envs: { FROM: 'sandbox' }, timeoutMs: 120_000 })
  assert.equal((await sbx.commands.run('cat greeting; cat data/note.txt; stat -c %a renamed; test ! -e link; cat /opt/root')).stdout, 'hello\na note\n700\nroot\n')
})
await test('commands', async () => {
  const r = await sbx.commands.run('echo out; echo err >&2; echo "$FROM $HERE"; pwd; id -un', { envs: { HERE: 'call' }, cwd: '/tmp', user: 'root' })
  assert.deepEqual([r.stdout, r.stderr, r.exitCode], ['out\nsandbox call\n/tmp\nroot\n', 'err\n', 0])
  await rejects(() => sbx.commands.run('exit 3'), (e) => assert.equal(e.exitCode, 3))
  await rejects(() => sbx.commands.run('sleep 30', { timeoutMs: 300 }), (e) => assert.match(e.name, /Timeout/))
  await rejects(() => sbx.commands.run('true', { cwd: '/nowhere' }), (e) => assert.match(e.message, /nowhere/))
})
await test('background commands', async () => {
  let seen = ''
  const c = await sbx.commands.run('cat', { background: true, stdin: true, onStdout: (d) => { seen += d } })
  await sbx.commands.sendStdin(c.pid, 'one\n')
  const listed = await sbx.commands.list()
  assert.ok(listed.some((p) => p.pid === c.pid))
  const again = await sbx.commands.connect(c.pid)
  await sbx.commands.sendStdin(c.pid, 'two\n')
  if (sbx.commands.closeStdin) await sbx.commands.closeStdin(c.pid)
  else await sbx.commands.kill(c.pid)
  await Promise.allSettled([c.wait(), again.wait()])
  assert.equal(seen, 'one\ntwo\n')
  const sleeper = await sbx.commands.run('sleep 100', { background: true })
  assert.equal(await sleeper.kill(), true)
  await rejects(() => sleeper.wait(), (e) => assert.match(e.message, /killed|terminated/))
  assert.equal(await sbx.commands.kill(999999), false)
})
await test('files', async () => {
  await sbx.files.write('deep/er/x', 'text')
  assert.equal(await sbx.files.read('deep/er/x'), 'text')
  await sbx.files.write([{ path: '/tmp/a', data: '1' }, { path: '/tmp/b', data: new Blob(['2']) }])
  assert.equal(Buffer.from(await sbx.files.read('/tmp/b', { format: 'bytes' })).toString(), '2')
  await sbx.files.write('/tmp/empty', '')
  assert.equal(await sbx.files.read('/tmp/empty'), '')
  assert.equal(await sbx.files.makeDir('/tmp/dir/in'), true)
  assert.equal(await sbx.files.makeDir('/tmp/dir/in'), false)
  assert.equal((await sbx.files.rename('/tmp/a', '/tmp/dir/c')).path, '/tmp/dir/c')
  const info = await sbx.files.getInfo('/tmp/dir/c')
  assert.deepEqual([info.name, info.type, info.size, info.owner], ['c', 'file', 1, 'user'])
  assert.deepEqual((await sbx.files.list('/tmp/dir', { depth: 2 })).map((e) => e.path).sort(), ['/tmp/dir/c', '/tmp/dir/in'])
  await sbx.files.remove('/tmp/dir')
  assert.equal(await sbx.files.exists('/tmp/dir'), false)
  await rejects(() => sbx.files.read('/nowhere'), (e) => assert.match(e.name, /NotFound/))
  await rejects(() => sbx.files.list('/tmp/b'), (e) => assert.match(e.message, /not a directory/))
  await rejects(() => sbx.files.write('/tmp/b', 'x', { user: 'nobody-here' }), (e) => assert.match(e.message, /user/))
  assert.equal(await (await fetch(await sbx.downloadUrl('/tmp/b'))).text(), '2')
  const form = new FormData()
  form.append('file', new Blob(['by link']), '/tmp/linked')
  assert.equal((await fetch(await sbx.uploadUrl('/tmp/linked'), { method: 'POST', body: form })).status, 200)
  assert.equal(await sbx.files.read('/tmp/linked'), 'by link')
})
await test('watch', async () => {
  await sbx.files.makeDir('/tmp/watched/sub')
  const events = []
  let enough
  const came = new Promise((r) => { enough = r })
  const handle = await sbx.files.watchDir('/tmp/watched', (e) => {
    events.push(`${e.type} ${e.name}`)
    if (events.includes('create sub/new') && events.includes('remove old')) enough()
  }, { recursive: true })
  await sbx.files.write('/tmp/watched/old', '1')
  await sbx.files.write('/tmp/watched/sub/new', '1')
  await sbx.files.remove('/tmp/watched/old')
  await came
  await handle.stop()
})
await test('terminal', async () => {
  let out = ''
  const pty = await sbx.pty.create({ cols: 90, rows: 25, onData: (d) => { out += new TextDecoder().decode(d) } })
  await sbx.pty.resize(pty.pid, { cols: 100, rows: 30 })
  await sbx.pty.sendInput(pty.pid, new TextEncoder().encode('stty size; exit 5\n'))
  await rejects(() => pty.wait(), (e) => assert.equal(e.exitCode, 5))
  assert.match(out, /30 100/)
})
await test('list, info and metrics', async () => {
  const found = await Sandbox.list({ query: { metadata: { run: 'js' } } }).nextItems()
  assert.deepEqual(found.map((s) => s.sandboxId), [sbx.sandboxId])
  assert.equal((await Sandbox.list({ query: { metadata: { run: 'nobody' } } }).nextItems()).length, 0)
  const info = await sbx.getInfo()
  assert.deepEqual([info.sandboxId, info.metadata], [sbx.sandboxId, { run: 'js' }])
  const [m] = await sbx.getMetrics()
  assert.ok(m.memTotal === 512 << 20 && m.memUsed > 0, JSON.stringify(m))
})
await test('pause and resume keep the files', async () => {
  await sbx.files.write('/home/user/kept', 'kept')
  await sbx.pause()
  const resumed = await Sandbox.connect(sbx.sandboxId)
  assert.equal(await resumed.files.read('/home/user/kept'), 'kept')
})
await test('time limits', async () => {
  const short = await Sandbox.create('sdk-js', { timeoutMs: 1000 })
  for (let i = 0; i < 100 && (await short.isRunning()); i++) await new Promise((r) => setTimeout(r, 50))
  assert.equal(await short.isRunning(), false)
  await sbx.setTimeout(60_000)
  assert.ok((await sbx.getInfo()).endAt > Date.now() + 50_000)
})
await test('kill', async () => {
  await sbx.kill()
  assert.equal(await sbx.isRunning(), false)
  await rejects(() => Sandbox.connect(sbx.sandboxId), (e) => assert.match(e.name, /NotFound/))
  await rejects(() => Sandbox.create('nobody-made-this'), (e) => assert.match(e.message, /not found/))
})
process.exit(failed ? 1 : 0)
