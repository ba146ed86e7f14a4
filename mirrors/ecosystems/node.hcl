# Distributions of Node, as nvm, fnm, n, mise and node-gyp fetch them.
order = 140
title = "Node itself: nvm, fnm, n, mise, node-gyp"
tools = ["nvm", "fnm", "n", "mise", "node-gyp"]
how   = "variables"

env = {
  FNM_NODE_DIST_MIRROR  = "$${url}"
  MISE_NODE_MIRROR_URL  = "$${url}/"
  NODEJS_ORG_MIRROR     = "$${url}"
  NVM_NODEJS_ORG_MIRROR = "$${url}"
  N_NODE_MIRROR         = "$${url}"
}

probe {
  path   = "/index.json"
  agent  = "curl/8.5.0"
  marker = "\"version\":\"v"
}
