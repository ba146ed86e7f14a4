// The keys that E2B's JavaScript SDK computes for the files of COPY steps, for
// each case of cases.json, and the steps that it sends for a template.
import { readFileSync } from 'node:fs'
import { Template, waitForPort } from 'e2b'

const out = { keys: [] }
for (const { dir, src, dest } of JSON.parse(readFileSync('cases.json', 'utf8'))) {
  try {
    const json = await Template.toJSON(Template({ fileContextPath: dir }).fromImage('debian:12').copy(src, dest))
    out.keys.push(JSON.parse(json).steps[0].filesHash)
  } catch (e) {
    out.keys.push(`error: ${e.message.split('\n')[0]}`)
  }
}
const template = Template({ fileContextPath: process.cwd() })
  .fromImage('debian:12')
  .setEnvs({ A: '1', B: '2' })
  .setUser('root')
  .setWorkdir('/srv')
  .runCmd('apt-get update')
  .runCmd('echo "$A" > /srv/a', { user: 'user' })
  .copy('data', '/srv/data')
  .copy('data', '/srv/owned', { user: 'user', mode: 0o755 })
  .setUser('user')
  .setStartCmd('python3 -m http.server 8000', waitForPort(8000))
out.template = JSON.parse(await Template.toJSON(template))
console.log(JSON.stringify(out))
