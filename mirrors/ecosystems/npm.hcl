# In every home, below what a project says: npm, pnpm, yarn 1, bun and deno read
# ~/.npmrc, yarn 4 its own. Scopes and tokens are other keys and stay. A mirror that
# hangs is given up soon: there is another one.
order = 130
title = "JavaScript packages: npm, pnpm, yarn, bun, deno, corepack"
tools = ["npm", "pnpm", "yarn", "bun", "deno", "corepack"]
how   = "~/.npmrc, ~/.yarnrc.yml, COREPACK_NPM_REGISTRY"
env   = { COREPACK_NPM_REGISTRY = "$${url}" }

edit "~/.npmrc" {
  place  = "top"
  unless = "^[[:space:]]*(registry[[:space:]]*=|registry \"|\\[install\\])"
  also   = ["/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc", "~/.yarnrc", "~/.bunfig.toml"]
  text   = <<-EOT
    registry=$${url}/
    audit=false
    fetch-retries=1
    fetch-timeout=60000
  EOT
}

edit "~/.yarnrc.yml" {
  unless   = "^npmRegistryServer:"
  text     = "npmRegistryServer: \"$${url}\""
  insecure = "unsafeHttpWhitelist: [\"$${host}\"]"
}

caches = [
  "~/.npm/_cacache", "~/.npm/_logs", "~/.cache/pnpm", "~/.cache/yarn", "/usr/local/share/.cache/yarn",
  "~/.yarn/berry/metadata", "~/.bun/install/cache", "~/.cache/deno/npm/$${host}*",
]

lock "npm config get registry" {
  files = ["package-lock.json", "npm-shrinkwrap.json", ".package-lock.json", "pnpm-lock.yaml", ".modules.yaml", "bun.lock"]
}

lock "yarn config get registry" {
  files = ["yarn.lock", ".yarn-integrity"]
}

probe {
  path   = "/lodash"
  agent  = "npm/11.6.0 node/v24.0.0 linux x64 workspaces/false"
  accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"
  marker = "\"name\":\"lodash\""
  sample = "/lodash/-/lodash-4.17.21.tgz"
}
