// Builds templates with E2B's own SDK, the way the benchmarks have e2bt build them:
// or, with "hash", only asks for the keys of what is copied:
// node sdk.mjs '{"count":1,"runs":3,"copy":"data"}'
import { Template, defaultBuildLogger } from 'e2b'

const { count = 1, runs = 0, copy, hash } = JSON.parse(process.argv[2])

async function build(number) {
  let template = Template({ fileContextPath: process.cwd() }).fromImage('debian:stable')
  for (let i = 0; i < runs; i++) template = template.runCmd(`echo ${i}`)
  if (copy) template = template.copy(copy, `/home/user/${copy}`)
  if (hash) return Template.toJSON(template, true)
  await Template.build(template, `bench-${number}`, { onBuildLogs: defaultBuildLogger() })
}

await Promise.all(Array.from({ length: count }, (_, number) => build(number)))
